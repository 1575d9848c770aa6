/**
 * A disk that hangs under an edit, as a network's file system does: who asked hears so, everybody else
 * goes on, and when the disk answers again the edit is decided: it happened, or it did not.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { type Files, workspaceFiles } from "../packages/server/src/files/files.ts";
import { newId } from "../packages/server/src/kernel/ids.ts";
import type { WorkspaceRoot } from "../packages/server/src/kernel/workspace.ts";
import { createLog } from "../packages/server/src/telemetry/log.ts";
import {
  type HeldClock,
  heldClock,
  passLimitOf,
} from "../packages/server/test/files/threads/held-clock.ts";
import { refusal } from "../packages/server/test/files/workspace.ts";
import { mountLoopDisk } from "./disks.ts";
import { lackOfLoopDisks, titled } from "./means.ts";
import { report, rounds } from "./plan.ts";

const lack = lackOfLoopDisks();
const ROUNDS = rounds({ short: 2, long: 50 });
const DISK_MB = 32;
const REFUSED_MS = 30_000;

interface Stage {
  readonly clock: HeldClock;
  readonly files: Files;
  /** On the disk that freezes, and elsewhere. */
  readonly frozen: WorkspaceRoot;
  readonly elsewhere: WorkspaceRoot;
  freeze(): void;
  thaw(): void;
}

async function withStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "mainstay-frozen-"));
  const disk = mountLoopDisk(DISK_MB);
  const clock = heldClock();
  const backups = { folder: join(place, "backups"), budget: { bytes: 1 << 30, days: 30 } };
  const parts = { clock, uid: process.getuid?.() ?? 0, log: createLog("silent") };
  const files = workspaceFiles({ ...parts, backups });
  let is_frozen = false;
  const turn = (how: "--freeze" | "--unfreeze") => {
    is_frozen = how === "--freeze";
    execFileSync("fsfreeze", [how, disk.folder]);
  };
  const thaw = () => void (is_frozen && turn("--unfreeze"));
  try {
    const frozen = folderAt(join(disk.folder, "workspace"));
    const elsewhere = folderAt(join(place, "elsewhere"));
    await body({ clock, files, frozen, elsewhere, freeze: () => turn("--freeze"), thaw });
  } finally {
    thaw();
    await files.close();
    disk.remove();
    rmSync(place, { recursive: true });
  }
}

function folderAt(path: string): WorkspaceRoot {
  mkdirSync(path);
  const { ino, uid } = statSync(path, { bigint: true });
  return { path, ino: String(ino), owner_uid: Number(uid) };
}

const planned = (files: Files, root: WorkspaceRoot, content: string) =>
  files.plan(root, [{ kind: "write", path: "a", content }], newId("edit"));

const write = async (files: Files, root: WorkspaceRoot, content: string) =>
  files.apply(root, await planned(files, root, content));

const contentOf = ({ path }: WorkspaceRoot) => readFileSync(join(path, "a"), "utf8");

test.skipIf(lack !== null)(
  titled("an edit of a disk that hangs is decided when it answers", lack),
  () =>
    withStage(async ({ clock, files, frozen, elsewhere, freeze, thaw }) => {
      const found = { applied: 0, untouched: 0 };
      const first = once(process, "worker");
      await write(files, frozen, "before 0\n");
      let [thread] = (await first) as [Worker];
      for (let n = 1; n <= ROUNDS; n++) {
        const before = contentOf(frozen);
        const plan = await planned(files, frozen, `after ${n}\n`);
        const gone = once(thread, "exit");
        const next = once(process, "worker");
        freeze();
        const hangs = refusal(files.apply(frozen, plan));
        await write(files, elsewhere, `meanwhile ${n}\n`);
        passLimitOf(clock);
        const message = expect.stringMatching(/whether a changed is not known/);
        expect(await hangs).toEqual({ fault: "unanswered", message });
        clock.advance(REFUSED_MS);
        const refused = await refusal(files.settle(frozen, plan));
        expect(refused, "its thread hangs still").toMatchObject({ fault: "unanswered" });
        await write(files, elsewhere, `afterwards ${n}\n`);
        thaw();
        await gone;
        const { state } = await files.settle(frozen, plan);
        expect(contentOf(frozen)).toBe(state === "applied" ? `after ${n}\n` : before);
        expect(readdirSync(frozen.path)).toEqual(["a"]);
        if (state !== "torn") found[state] += 1;
        await write(files, frozen, `before ${n}\n`);
        [thread] = (await next) as [Worker];
      }
      expect(found.applied + found.untouched).toBe(ROUNDS);
      report("a disk that hangs under an edit", ROUNDS, JSON.stringify(found));
    }),
);
