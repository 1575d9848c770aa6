import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { onTestFinished } from "vitest";
import { workspaceFiles } from "../../src/files/files.ts";
import { newId } from "../../src/kernel/ids.ts";

export const files = workspaceFiles({ clock: systemClock, newId });

/** An empty folder that goes with the test. */
export async function scratchFolder(parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, "mainstay-files-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const wholeFile = { offset_lines: 1, limit_lines: 100_000, limit_bytes: 262_144 };

export const write = async (root: string, path: string, content: string): Promise<void> =>
  (await files.planEdit(root, path, { kind: "write", content })).apply();

export async function replace(root: string, path: string, old_text: string, new_text: string) {
  const change = { kind: "replace", old_text, new_text, replace_all: false } as const;
  const plan = await files.planEdit(root, path, change);
  await plan.apply();
  return plan;
}

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
