import { mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { afterAll, onTestFinished } from "vitest";
import { type Change, type EditPlan, workspaceFiles } from "../../src/files/files.ts";
import { rightsIn } from "../../src/files/rights.ts";
import type { Root } from "../../src/files/walk.ts";
import { newId } from "../../src/kernel/ids.ts";
import { createLog } from "../../src/telemetry/log.ts";

const uid = process.getuid?.() ?? 0;
const log = createLog("error");
const kept = mkdtempSync(join(tmpdir(), "mainstay-backups-"));
const backups = { folder: kept, budget: { bytes: 1 << 30, days: 30 } };
export const files = workspaceFiles({ clock: systemClock, uid, log, backups });

afterAll(async () => {
  await files.close();
  rmSync(kept, { recursive: true, force: true });
});

/** An empty folder that goes with the test, as a workspace. */
export async function scratchFolder(parent = tmpdir()): Promise<Root> {
  const path = await realpath(await mkdtemp(join(parent, "mainstay-files-")));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return rootAt(path);
}

/** The folder as it would be registered now. */
export async function rootAt(path: string): Promise<Root> {
  const { ino, uid: owner } = await stat(path, { bigint: true });
  const root = { path, ino: String(ino), owner_uid: Number(owner) };
  return { ...root, rights: rightsIn(root, uid) };
}

export const wholeFile = { offset_lines: 1, limit_lines: 100_000, limit_bytes: 262_144 };

/** Plans one change and applies it; resolves with the plan. */
async function edit(root: Root, change: Change): Promise<EditPlan> {
  const plan = await files.plan(root, [change], newId("edit"));
  await files.apply(root, plan);
  return plan;
}

export const write = (root: Root, path: string, content: string): Promise<EditPlan> =>
  edit(root, { kind: "write", path, content });

export const replace = (root: Root, path: string, old_text: string, new_text: string) =>
  edit(root, { kind: "replace", path, old_text, new_text, replace_all: false });

/** The fault and message of what is refused; fails when it is not. */
export async function refusal(
  doing: Promise<unknown>,
): Promise<{ fault: string; message: string }> {
  const outcome = await doing.then(
    () => null,
    (fault: unknown) => fault,
  );
  if (outcome === null) throw new Error("it was not refused");
  const { fault, message } = outcome as { fault?: string; message: string };
  return { fault: fault ?? `not a refusal: ${message}`, message };
}
