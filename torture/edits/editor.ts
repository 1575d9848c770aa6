/** The process that edits, from outside: orders, answers, and its end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Applied, Settled } from "../../packages/server/src/files/edit.ts";
import type { Root } from "../../packages/server/src/files/walk.ts";
import type { Scene } from "./scene.ts";

const program = fileURLToPath(new URL("edit-once.ts", import.meta.url));

export interface Order {
  /** "open": the backups of the scene, so that they are open when the fault is planted. */
  readonly what: "open" | "apply" | "settle";
  readonly root: Root;
  readonly scene: Scene;
  readonly n: number;
  /** Another way to apply, which is known to be wrong. */
  readonly by?: "one_by_one" | "in_place";
}

export type Answer =
  | { readonly told: "opened" }
  | ({ readonly told: "applied" } & Applied)
  | ({ readonly told: "settled" } & Settled)
  | { readonly told: "refused"; readonly fault: string; readonly message: string }
  /** What no caller expects. */
  | { readonly told: "broke"; readonly message: string };

export type Heard = Answer | { readonly told: "died" };

export interface Editor {
  readonly pid: number;
  /** One at a time. "died": the process ended before it answered. */
  order(order: Order): Promise<Heard>;
  open_files(): number;
  /** Idempotent. */
  end(): Promise<void>;
}

/** Resolves when the process has loaded what it needs. */
export async function startEditor(): Promise<Editor> {
  const child = spawn(process.execPath, [program], {
    stdio: ["pipe", "pipe", "pipe"],
    // One thread for what is awaited: calls come in one order, run after run.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  // A process that was killed does not read what it is sent.
  child.stdin.on("error", () => undefined);
  const next = async (): Promise<string | null> => {
    const { done, value } = await lines.next();
    return done === true ? null : value;
  };
  if ((await next()) !== "ready") throw new Error(`the editor did not start: ${said.join("\n")}`);
  return {
    pid: child.pid!,
    async order(order) {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const line = await next();
      return line === null ? { told: "died" } : (JSON.parse(line) as Heard);
    },
    open_files: () => readdirSync(`/proc/${child.pid}/fd`).length,
    async end() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
