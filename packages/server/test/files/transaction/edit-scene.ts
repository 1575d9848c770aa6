import fs, { lstatSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp, realpath, rm, stat } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { onTestFinished } from "vitest";
import { type Backups, openBackups } from "../../../src/files/backups.ts";
import { sha256Of } from "../../../src/files/bytes.ts";
import type { EditPlan, FileAs } from "../../../src/files/edit.ts";
import { rightsIn } from "../../../src/files/rights.ts";
import type { Root } from "../../../src/files/walk.ts";
import { newId } from "../../../src/kernel/ids.ts";

const uid = process.getuid?.() ?? 0;

/** Replaces calls of node:fs for every module until it is told otherwise, or the test ends. */
export function replaceCalls(calls: Partial<typeof fs>): () => void {
  const real = Object.fromEntries(Object.keys(calls).map((name) => [name, Reflect.get(fs, name)]));
  const put = (these: object) => {
    Object.assign(fs, these);
    syncBuiltinESMExports();
  };
  put(calls);
  onTestFinished(() => put(real));
  return () => put(real);
}

/** What the system says when it refuses. */
export const errno = (code: string): Error => Object.assign(new Error(code), { code });

/** A workspace and backups of its own, which go with the test. */
export interface EditScene {
  readonly root: Root;
  readonly backups: Backups;
  readonly backups_folder: string;
}

export async function editScene(parent = tmpdir()): Promise<EditScene> {
  const folder = await realpath(await mkdtemp(join(parent, "mainstay-edit-")));
  const backups_folder = await mkdtemp(join(tmpdir(), "mainstay-backups-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
    await rm(backups_folder, { recursive: true, force: true });
  });
  const budget = { bytes: 1 << 30, days: 30 };
  const backups = openBackups({ folder: backups_folder, clock: systemClock, budget });
  return { root: await rootAt(folder), backups, backups_folder };
}

/** The folder as it would be registered now. */
export async function rootAt(path: string): Promise<Root> {
  const { ino, uid: owner } = await stat(path, { bigint: true });
  const root = { path, ino: String(ino), owner_uid: Number(owner) };
  return { ...root, rights: rightsIn(root, uid) };
}

/** What is wanted of a path: its new text, nothing, or text and mode. */
export type Wanted = string | null | { readonly text: string; readonly mode: number };

/** Backups that let something happen while the disk writes them. */
export const backupsDuring = (backups: Backups, happen: () => void): Backups => ({
  ...backups,
  async keep(...of) {
    await backups.keep(...of);
    happen();
  },
});

/** A plan that makes each path what is wanted, from what is there now. */
export function planOf(
  { path: folder }: Root,
  wanted: Readonly<Record<string, Wanted>>,
  folders: readonly string[] = [],
): EditPlan {
  const steps = Object.entries(wanted).map(([path, want]) => {
    const bytes = bytesAt(join(folder, path));
    const before = bytes === null ? null : fileAs(bytes, lstatSync(join(folder, path)));
    const text = want === null || typeof want === "string" ? want : want.text;
    const now = before ?? likeNew(folder);
    const mode = want === null || typeof want === "string" ? now.mode : want.mode;
    const after = text === null ? null : fileAs(Buffer.from(text), { ...now, mode });
    const contents = { before: bytes, after: text === null ? null : Buffer.from(text) };
    return { step: { path, before, after }, contents };
  });
  return {
    edit_id: newId("edit"),
    steps: steps.map(({ step }) => step),
    contents: steps.map(({ contents }) => contents),
    folders,
    emptied: [],
    diff: "",
    summary: "",
  };
}

function likeNew(folder: string) {
  const { uid: owner, gid } = lstatSync(folder);
  return { mode: 0o644, uid: owner, gid };
}

function bytesAt(path: string): Buffer | null {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? null : readFileSync(path);
}

function fileAs(
  bytes: Buffer,
  { mode, uid: owner, gid }: { mode: number; uid: number; gid: number },
): FileAs {
  const sha256 = sha256Of(bytes);
  return { sha256, size_bytes: bytes.length, mode: mode & 0o777, uid: owner, gid };
}

/** Every file of a folder with its text, and every folder with "/", by path. */
export function contentsOf(folder: string): Record<string, string> {
  const contents: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (entry.isFile()) contents[name] = readFileSync(path, "utf8");
    else contents[`${name}/`] = "";
  }
  return contents;
}

export { refusal as refusalOf } from "../workspace.ts";
