/**
 * A workspace and a row of edits of it, the same in every process that knows the number: edit N makes
 * what `filesAt(N)` says of what `filesAt(N - 1)` says.
 */
import { hash } from "node:crypto";
import { chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type {
  EditPlan,
  EditRecord,
  FileAs,
  FileStep,
} from "../../packages/server/src/files/edit.ts";
import { rightsIn } from "../../packages/server/src/files/rights.ts";
import type { Root } from "../../packages/server/src/files/walk.ts";

export interface Scene {
  /** The workspace's folder. */
  readonly folder: string;
  /** Not in the workspace. */
  readonly backups: string;
}

const SIZE_BYTES = 10_000;
const uid = process.getuid?.() ?? 0;
/** As root, somebody else owns the workspace. */
const owner = uid === 0 ? 12_345 : uid;
const group = uid === 0 ? owner : (process.getgid?.() ?? 0);

/** Every content tells its file and its edit, and differs from every other in most of its lines. */
function textOf(name: string, n: number): Buffer {
  const line = `${name} of edit ${n}, line `;
  const lines = Math.ceil(SIZE_BYTES / (line.length + 4)) + n;
  return Buffer.from(Array.from({ length: lines }, (_, i) => `${line}${i}\n`).join(""));
}

export interface Wanted {
  readonly bytes: Buffer;
  readonly mode: number;
}

/** What the workspace has after edit `n`: one file changed in each, one in new folders, one moved. */
export const filesAt = (n: number): ReadonlyMap<string, Wanted> =>
  new Map([
    ["src/kept.txt", { bytes: textOf("kept", n), mode: 0o640 }],
    [`made-${n}/deep/new.txt`, { bytes: textOf("new", n), mode: 0o644 }],
    [`moved-${n}.txt`, { bytes: textOf("moved", 0), mode: 0o755 }],
  ]);

/** Edit `n`: a change, a deletion, a creation in new folders, and a move. */
export function planOf(n: number): EditPlan {
  const before = filesAt(n - 1);
  const after = filesAt(n);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const steps = paths.map((path): FileStep => {
    const step = { path, before: asOf(before.get(path)), after: asOf(after.get(path)) };
    return path === `moved-${n}.txt` ? { ...step, moved_from: `moved-${n - 1}.txt` } : step;
  });
  return {
    edit_id: editIdOf(n),
    steps,
    folders: [`made-${n}`, `made-${n}/deep`],
    emptied: [],
    contents: paths.map((path) => ({
      before: before.get(path)?.bytes ?? null,
      after: after.get(path)?.bytes ?? null,
    })),
    diff: "",
    summary: `edit ${n}`,
  };
}

export const recordOf = (n: number): EditRecord => {
  const { edit_id, steps, folders } = planOf(n);
  return { edit_id, steps, folders };
};

export const editIdOf = (n: number): string => `edit_${String(n).padStart(26, "0")}`;

const asOf = (file: Wanted | undefined): FileAs | null =>
  file === undefined
    ? null
    : {
        sha256: hash("sha256", file.bytes, "hex"),
        size_bytes: file.bytes.length,
        ...{ mode: file.mode, uid: owner, gid: group },
      };

/** The workspace as it is after edit `n`, and nothing else in it. */
export function layOut({ folder, backups }: Scene, n: number): void {
  mkdirSync(folder, { recursive: true });
  mkdirSync(backups, { recursive: true });
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  chownSync(folder, owner, group);
  for (const [path, { bytes, mode }] of filesAt(n)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes, { mode });
    chownSync(join(folder, path), owner, group);
  }
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    chownSync(join(folder, name), owner, group);
}

/** As it is registered. */
export function rootOf({ folder }: Scene): Root {
  const { ino, uid: owner_uid } = statSync(folder, { bigint: true });
  const root = { path: folder, ino: String(ino), owner_uid: Number(owner_uid) };
  return { ...root, rights: rightsIn(root, uid) };
}

export const ownerOfFiles = (): number => owner;
