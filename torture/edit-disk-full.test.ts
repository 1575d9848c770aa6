/**
 * The disk of the workspace, or that of the backups, is full but for a few bytes while a turn edits three
 * files: they are changed all or not at all, the model hears what is untouched, and when there is room the
 * same server edits again.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ParsedChatRequest, textOf } from "@mainstay/fake-provider/chat-request";
import type { Reply } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { expect, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { fill } from "./ballast.ts";
import { mountTmpfs } from "./disks.ts";
import { createEchoServer } from "./echo-server.ts";
import { lackOfMounting, titled } from "./means.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const lack = lackOfMounting();
const DISK_MB = 4;
const PATHS = ["a.txt", "src/b.txt", "src/c.txt"];
const LINES = 200;
/** At its most it is enough for all three files. */
const ROOM_BYTES = 48_000;

const contentOf = (path: string, n: number): string =>
  `${path} after ${n}, a line of it\n`.repeat(LINES);

function patchOf(n: number): string {
  const signed = (sign: string, text: string) => text.trimEnd().replace(/^/gm, sign);
  const files = PATHS.map((path) => {
    const [old, fresh] = [signed("-", contentOf(path, n)), signed("+", contentOf(path, n + 1))];
    return `--- a/${path}\n+++ b/${path}\n@@ -1,${LINES} +1,${LINES} @@\n${old}\n${fresh}\n`;
  });
  return files.join("");
}

/** "edit N" makes of revision N the next one; the answer is what the tool said. */
function editing(said: string, { messages }: ParsedChatRequest): Reply | null {
  const n = /^edit (\d+)$/.exec(said)?.[1];
  if (n === undefined) return null;
  const last = messages.at(-1)!;
  if (last.role === "tool") return { text: textOf(last) };
  const patch = patchOf(Number(n));
  return { tool_calls: [{ name: "apply_patch", arguments: { intent: "change them", patch } }] };
}

interface Stage {
  readonly client: Client;
  readonly workspace: string;
  readonly ballast: string;
}

type Disk = "workspace" | "backups";

async function withStage(disk: Disk, body: (stage: Stage) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "mainstay-full-"));
  const workspace = mkdtempSync(join(tmpdir(), "mainstay-full-ws-"));
  mkdirSync(join(home, "backups"), { mode: 0o700 });
  const small = mountTmpfs(DISK_MB, disk === "workspace" ? workspace : join(home, "backups"));
  const { server, close } = await createEchoServer(home, editing);
  try {
    await server.start();
    const client = await server.client();
    await registerFolder(client, workspace, true);
    mkdirSync(join(workspace, "src"));
    const pid = server.pid();
    await body({ client, workspace, ballast: join(small.folder, "ballast") });
    expect(server.pid()).toBe(pid);
    await server.stop("SIGINT");
  } finally {
    await close();
    small.remove();
    for (const folder of [home, workspace]) rmSync(folder, { recursive: true, force: true });
  }
}

/** By somebody else, so that no backup has it yet. */
function bringTo(n: number, { workspace }: Stage): void {
  for (const path of PATHS) writeFileSync(join(workspace, path), contentOf(path, n));
}

async function edit({ client, workspace }: Stage, n: number): Promise<string> {
  const turn = await client.turns.create({ message: `edit ${n}`, workspace }, { wait_s: 60 });
  return `${turn.state}: ${turn.answer}`;
}

/** The revision that all files have; null where they differ, or something else lies there. */
function revisionOf({ workspace }: Stage, n: number): number | null {
  const names = readdirSync(workspace, { recursive: true, encoding: "utf8" });
  const others = names.filter((name) => ![...PATHS, "src", "ballast"].includes(name));
  if (others.length > 0) return null;
  const is = (revision: number) =>
    PATHS.every(
      (path) => readFileSync(join(workspace, path), "utf8") === contentOf(path, revision),
    );
  return [n, n + 1].find(is) ?? null;
}

/** Edits revision `n` on a disk with little room, then what came of it with room enough. */
async function fullDisk(stage: Stage, n: number, room_bytes: number) {
  bringTo(n, stage);
  fill(stage.ballast, room_bytes);
  const told = await edit(stage, n);
  const now = revisionOf(stage, n);
  const faults: string[] = [];
  if (now === null) faults.push(`half a change: ${told}`);
  const refused = now === n;
  if (refused && !(told.includes("no space left") && told.includes("untouched"))) faults.push(told);
  rmSync(stage.ballast);
  const next = await edit(stage, now ?? n);
  if (revisionOf(stage, now ?? n) !== (now ?? n) + 1) faults.push(`with room: ${next}`);
  return { faults, refused };
}

test.skipIf(lack !== null).each(["workspace", "backups"] as const)(
  titled("the disk of the %s is full: all files of an edit or none, and well by itself", lack),
  { timeout: 1_200_000 },
  (disk) =>
    withStage(disk, async (stage) => {
      const times = rounds({ short: 3, long: 50 });
      const random = seeded(seed);
      let refusals = 0;
      for (let round = 0; round < times; round++) {
        const room_bytes = round === 0 ? 0 : Math.floor(random() * ROOM_BYTES);
        const { faults, refused } = await fullDisk(stage, 10 * round, room_bytes);
        expect(faults, `round ${round}, room ${room_bytes}`).toEqual([]);
        if (refused) refusals++;
      }
      expect(refusals).toBeGreaterThan(0);
      report(`disk of the ${disk} full under edits`, times, `${refusals} refused, 0 half, 0 lost`);
    }),
);
