/** A real executor over a real link in a scratch home, and tickets for it. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import type { CommandEnd } from "../src/command.ts";
import { openKeys } from "../src/keys.ts";
import { launchExecutor, type ExecutorLink, type LaunchSettings } from "../src/launch.ts";
import type { WorkspaceRegistration } from "../src/protocol.ts";
import { signTicket, type Plan, type Ticket } from "../src/ticket.ts";

export interface Bench {
  home: string;
  workspace: string;
  link(): ExecutorLink;
  /** Connects with the next epoch, starting an executor if there is none. */
  relaunch(settings?: Partial<LaunchSettings>): Promise<ExecutorLink>;
  ticket(run: string | string[], plan?: Partial<Plan>): Ticket;
  /** Runs to the end; fails the test if it was refused. */
  end(ticket: Ticket): Promise<CommandEnd>;
  exited(run: string | string[], plan?: Partial<Plan>): Promise<Exited>;
  close(): Promise<void>;
}

export type Exited = Extract<CommandEnd, { outcome: "exited" }>;

export async function openBench(settings: Partial<LaunchSettings> = {}): Promise<Bench> {
  const base = mkdtempSync(join(realpathSync(tmpdir()), "mainstay-executor-"));
  const home = join(base, "home");
  const workspace = join(base, "workspace");
  mkdirSync(workspace);
  let epoch = 0;
  let current: ExecutorLink;

  async function relaunch(now: Partial<LaunchSettings> = {}): Promise<ExecutorLink> {
    current = await launchExecutor({
      home,
      epoch: ++epoch,
      node_path: process.execPath,
      ripgrep_path: null,
      clock,
      log: () => {},
      ...settings,
      ...now,
    });
    await current.registerWorkspace(registration("w", workspace));
    return current;
  }

  const bench: Bench = {
    home,
    workspace,
    link: () => current,
    relaunch,
    ticket: ticketsOf(home),
    async end(ticket) {
      const answer = await current.run(ticket);
      if (answer.state === "refused") throw new Error(`${answer.code}: ${answer.message}`);
      return answer.state === "ended" ? answer.end : current.wait(ticket.plan.command_id);
    },
    async exited(run, plan) {
      const end = await bench.end(bench.ticket(run, plan));
      if (end.outcome !== "exited") throw new Error(JSON.stringify(end));
      return end;
    },
    async close() {
      await current?.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
  await relaunch().catch((error) => {
    rmSync(base, { recursive: true, force: true });
    throw error;
  });
  return bench;
}

/** Signs tickets for the workspace "w", each with the next command id. */
export function ticketsOf(home: string) {
  let count = 0;
  return (run: string | string[], plan: Partial<Plan> = {}): Ticket =>
    signTicket(openKeys(home).ticket_key, {
      plan: {
        command_id: `c-${++count}`,
        person_id: "ada",
        person_uid_number: 1,
        workspace_id: "w",
        run:
          typeof run === "string" ? { kind: "script", script: run } : { kind: "argv", argv: run },
        profile: "agent",
        pins: [],
        network: null,
        openings: [],
        limits: { wall_ms: 20_000, output_bytes: 1 << 16 },
        ...plan,
      },
      consent: { verdict: "safe", kind: "policy", decided_by: "test", agreement_id: null },
      expires_at: clock.now() + 60_000,
      nonce: randomBytes(16).toString("hex"),
    });
}

/** As a server registers the folder that it finds at `folder` now. */
export function registration(id: string, folder: string): WorkspaceRegistration {
  const { ino, uid } = statSync(folder, { bigint: true });
  return {
    ...{ id, path: folder, person_uid_number: 1 },
    ...{ ino: String(ino), owner_uid: Number(uid) },
  };
}

/** Empty when the process is gone, be it since its pid was listed or between the open and the read. */
export function statusOf(pid: number | string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

/** Host processes whose command line contains `text`. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Resolves with the first live output of a command that contains `text`. */
export function saying(link: ExecutorLink, command_id: string, text: string): Promise<string> {
  let heard = "";
  return new Promise((resolve) => {
    const stop = link.onOutput((id, _offset, chunk) => {
      if (id !== command_id) return;
      heard += chunk;
      if (!heard.includes(text)) return;
      stop();
      resolve(heard);
    });
  });
}

/** A program for `bubblewrap_path` that everybody may run. */
export function fakeBubblewrap(script: string) {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-fake-"));
  chmodSync(folder, 0o755);
  const program = join(folder, "bwrap");
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { program, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
