/**
 * The power goes while edits follow each other: ext4 on a loop device takes nothing more, loses what was
 * not synced, and replays its journal at the next start. The record of an edit, which the store has made
 * durable before it is applied, is known by its number.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { type LoopDisk, mountLoopDisk } from "./disks.ts";
import { aftermathOf } from "./edits/aftermath.ts";
import { type Heard, startEditor } from "./edits/editor.ts";
import { memory, orderOf, settle, warm } from "./edits/places.ts";
import { layOut, type Scene } from "./edits/scene.ts";
import { lackOfLoopDisks, lackOfTracing, titled } from "./means.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";
import { inject } from "./strace.ts";

const lack = lackOfLoopDisks();
const LONG = 1_800_000;
const DISK_MB = 96;
const SHORTEST_MS = 20;
const LONGEST_MS = 400;

interface Cut {
  /** From when so many edits are done, however long the disk takes for them. */
  readonly after_edits: number;
  readonly after_ms: number;
  readonly journal_first: boolean;
  /** What the disk is asked to sync it does not. */
  readonly unsynced?: boolean;
}

async function withDisk(use: (disk: LoopDisk, scene: Scene) => Promise<void>): Promise<void> {
  const disk = mountLoopDisk(DISK_MB);
  try {
    const scene = { folder: join(disk.folder, "ws"), backups: join(disk.folder, "backups") };
    layOut(scene, 0);
    execFileSync("sync", ["-f", disk.folder]);
    await use(disk, scene);
  } finally {
    disk.remove();
  }
}

/** Edits from `n` on until the power goes; the last one that was said to be done. */
async function cutOnce(disk: LoopDisk, scene: Scene, n: number, cut: Cut): Promise<number> {
  const editor = await startEditor();
  try {
    await warm(editor, memory);
    await editor.order(orderOf("open", scene, n));
    const unsynced = { calls: "fsync,fdatasync", fault: "retval=0" };
    if (cut.unsynced === true) await inject(editor.pid, unsynced);
    let next = n;
    const enough = Promise.withResolvers<void>();
    const editing = (async () => {
      while (isConfirmed(await editor.order(orderOf("apply", scene, next))))
        if (++next === n + cut.after_edits) enough.resolve();
    })();
    await Promise.race([enough.promise, editing]);
    await systemClock.sleep(cut.after_ms);
    disk.cutPower(cut.journal_first);
    await editing;
    return next - 1;
  } finally {
    await editor.end();
    await disk.restart();
  }
}

const isConfirmed = (heard: Heard): boolean =>
  heard.told === "applied" && heard.unconfirmed === null;

/** What is wrong after the start: edit `done` was acknowledged, the one after it had begun. */
async function unkept(scene: Scene, done: number): Promise<string[]> {
  const begun = done + 1;
  const found = aftermathOf(scene, begun).broken.map((path) => `broken: ${path}`);
  const settled = await settle(scene, begun);
  const after = aftermathOf(scene, begun);
  if (settled.state !== (after.done === "all" ? "applied" : "untouched"))
    found.push(`${after.done}, told ${JSON.stringify(settled)}`);
  for (const n of [done, begun])
    found.push(...aftermathOf(scene, n).lost.map((path) => `of edit ${n} lost: ${path}`));
  return [...found, ...after.leftovers.map((at) => `left: ${at}`)];
}

test.skipIf(lack !== null)(
  titled("power cuts: acknowledged edits stay, the one under way is whole or not there", lack),
  { timeout: LONG },
  () =>
    withDisk(async (disk, scene) => {
      const cuts = rounds({ short: 4, long: 60 });
      const random = seeded(seed);
      let done = 0;
      for (let cut = 0; cut < cuts; cut++) {
        const after_ms = SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS);
        const how = { after_edits: 1, after_ms, journal_first: cut % 2 === 1 };
        done = await cutOnce(disk, scene, done + 1, how);
        expect(await unkept(scene, done), `cut ${cut} at edit ${done + 1}`).toEqual([]);
        if (aftermathOf(scene, done + 1).done === "all") done++;
      }
      expect(done).toBeGreaterThanOrEqual(cuts);
      report("power cut under edits", cuts, `0 of ${done} edits lost or halved`);
    }),
);

const lack_of_both = lack ?? lackOfTracing();

test.skipIf(lack_of_both !== null)(
  titled("planted: a disk that syncs nothing loses acknowledged edits", lack_of_both),
  { timeout: LONG },
  () =>
    withDisk(async (disk, scene) => {
      const how = { after_edits: 2, after_ms: 0, journal_first: false, unsynced: true };
      const done = await cutOnce(disk, scene, 1, how);
      expect(done).toBeGreaterThan(1);
      expect(await unkept(scene, done)).not.toEqual([]);
    }),
);
