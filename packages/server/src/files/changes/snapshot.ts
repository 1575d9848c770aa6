import { createHash } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  opendirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { z } from "zod";
import type { WorkspaceRoot } from "../../kernel/workspace.ts";
import { atPlace } from "../walk.ts";

/**
 * What a workspace holds at one moment. Synchronous, for a thread of its own.
 *
 * C1 It is walked by descriptors, and no link is followed (B0 to B4 of `walk.ts`).
 * C2 Folders are walked in one fixed order, so that a walk that stops at a bound has seen all up to
 *    one path, and two such walks can be compared up to the lesser.
 * C3 A file is hashed only if its inode, length and times are not those of a file whose hash is known.
 * C4 What only root may read is not read for the workspace's owner.
 */
export const Sighted = z.object({
  kind: z.enum(["file", "link", "folder"]),
  ino: z.string(),
  mode: z.int(),
  size_bytes: z.int(),
  ctime_ns: z.string(),
  mtime_ns: z.string(),
  sha256: z.string().nullable(),
});
export type Sighted = z.infer<typeof Sighted>;

export const Snapshot = z.object({
  /** Wall time when it was begun, nanoseconds. */
  at_ns: z.string(),
  /** By path, in the order of the walk. */
  entries: z.array(z.tuple([z.string(), Sighted])),
  /** Null where all was seen. */
  stopped_by: z.enum(["entries", "time"]).nullable(),
  /** Names that are no text: such files are not compared. */
  unnamed: z.int(),
});
export type Snapshot = z.infer<typeof Snapshot>;

export interface SnapshotBounds {
  readonly entries: number;
  /** Of one folder, to be sorted; one with more is not walked, and nothing after it. */
  readonly names: number;
  readonly wall_ms: number;
  /** A larger file is compared by its times and length. */
  readonly file_bytes: number;
  /** Hashed in one snapshot; what is left is compared by times and length. */
  readonly hashed_bytes: number;
  readonly depth: number;
}

/** Hashes by path, of files as they were when they were hashed. */
export type Known = ReadonlyMap<string, Sighted>;

export interface SnapshotParts {
  readonly bounds: SnapshotBounds;
  readonly known: Known;
  readonly monotonic: () => number;
  readonly now_ms: number;
  /** Paths whose times may lie: they are hashed anew. */
  readonly doubted: ReadonlySet<string>;
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const REGULAR =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
/** What is decoded from bytes that are no UTF-8. */
const NO_TEXT = "\u{fffd}";
const CHUNK_BYTES = 1 << 18;
/** What tools made and people do not read: such a folder is one entry, told by its own entries. */
const NOT_ENTERED: ReadonlySet<string> = new Set(
  ".git node_modules .venv venv target __pycache__ .cache .tox .gradle .next".split(" "),
);

interface Walk extends SnapshotParts {
  readonly owner_uid: number;
  readonly until_ms: number;
  readonly entries: [string, Sighted][];
  hashed_bytes: number;
  unnamed: number;
  stopped_by: Snapshot["stopped_by"];
}

/** @throws FileRefused where the folder is not the one that was registered. */
export function takeSnapshot(root: WorkspaceRoot, parts: SnapshotParts): Snapshot {
  return atPlace({ ...root, rights: null }, ".", "read", ({ folder: { fd } }) => {
    const walk: Walk = {
      ...parts,
      owner_uid: root.owner_uid,
      until_ms: parts.monotonic() + parts.bounds.wall_ms,
      ...{ entries: [], hashed_bytes: 0, unnamed: 0, stopped_by: null },
    };
    look(walk, fd, "", 1);
    const at_ns = String(BigInt(Math.floor(parts.now_ms)) * 1_000_000n);
    const { entries, stopped_by, unnamed } = walk;
    return { at_ns, entries, stopped_by, unnamed };
  });
}

function look(walk: Walk, folder: number, prefix: string, depth: number): void {
  for (const name of namesIn(walk, folder)) {
    if (isOver(walk)) return;
    const found = lookAt(folder, name);
    if (found === null) continue; // it has gone meanwhile
    const path = prefix + name;
    if (found.isDirectory()) lookInto(walk, folder, { name, path, found, depth });
    else if (found.isFile() || found.isSymbolicLink()) see(walk, folder, { name, path, found });
  }
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly found: BigIntStats;
}

function lookInto(walk: Walk, above: number, place: Place & { depth: number }): void {
  const { name, path, found, depth } = place;
  const is_closed = NOT_ENTERED.has(name) || depth >= walk.bounds.depth;
  const folder = openFolder(`/proc/self/fd/${above}/${name}`);
  if (folder === null) {
    walk.entries.push([`${path}/`, sighted("folder", found, null)]);
    return;
  }
  try {
    if (is_closed) walk.entries.push([`${path}/`, shallow(walk, folder, found)]);
    else look(walk, folder, `${path}/`, depth + 1);
  } finally {
    closeSync(folder);
  }
}

/** Null where it may not be read, or was swapped for something else. */
function openFolder(path: string): number | null {
  try {
    return openSync(path, FOLDER);
  } catch {
    return null;
  }
}

/** Sorted as the walk goes: a folder's content where its name stands. */
function namesIn(walk: Walk, folder: number): string[] {
  const names: string[] = [];
  const reading = opendirSync(`/proc/self/fd/${folder}`, { bufferSize: 256 });
  try {
    for (let entry = reading.readSync(); entry !== null; entry = reading.readSync()) {
      if (entry.name.includes(NO_TEXT)) walk.unnamed += 1;
      else if (names.push(entry.name) > walk.bounds.names) {
        walk.stopped_by = "entries";
        return [];
      }
    }
  } finally {
    reading.closeSync();
  }
  return names.toSorted();
}

function isOver(walk: Walk): boolean {
  if (walk.entries.length >= walk.bounds.entries) walk.stopped_by = "entries";
  else if (walk.monotonic() >= walk.until_ms) walk.stopped_by = "time";
  return walk.stopped_by !== null;
}

function lookAt(folder: number, name: string): BigIntStats | null {
  const path = `/proc/self/fd/${folder}/${name}`;
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

function see(walk: Walk, folder: number, { name, path, found }: Place): void {
  const sha256 = found.isFile()
    ? hashOf(walk, folder, { name, path, found })
    : sha256Of([Buffer.from(targetOf(folder, name))]);
  walk.entries.push([path, sighted(found.isFile() ? "file" : "link", found, sha256)]);
}

function targetOf(folder: number, name: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${folder}/${name}`);
  } catch {
    return ""; // it is no link any more
  }
}

/** C3 and C4. Null where it is not hashed. */
function hashOf(walk: Walk, folder: number, { name, path, found }: Place): string | null {
  const known = walk.known.get(path);
  const now = sighted("file", found, null);
  const is_known = known !== undefined && isUntouched(known, now) && !walk.doubted.has(path);
  if (is_known && known.sha256 !== null) return known.sha256;
  const size = Number(found.size);
  const is_readable = Number(found.uid) === walk.owner_uid || (now.mode & 0o004) !== 0;
  if (!is_readable || size > walk.bounds.file_bytes) return null;
  if (walk.hashed_bytes + size > walk.bounds.hashed_bytes) return null;
  walk.hashed_bytes += size;
  try {
    return hashFile(`/proc/self/fd/${folder}/${name}`, walk.bounds.file_bytes);
  } catch {
    return null; // it was swapped for something else, or may not be read
  }
}

export const isUntouched = (one: Sighted, other: Sighted): boolean =>
  one.kind === other.kind &&
  one.ino === other.ino &&
  one.size_bytes === other.size_bytes &&
  one.mode === other.mode &&
  one.ctime_ns === other.ctime_ns &&
  one.mtime_ns === other.mtime_ns;

function hashFile(path: string, limit_bytes: number): string | null {
  const file = openSync(path, REGULAR);
  try {
    if (!fstatSync(file).isFile()) return null;
    const hash = createHash("sha256");
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let left = limit_bytes; left > 0;) {
      const read = readSync(file, chunk, 0, Math.min(chunk.length, left), null);
      if (read === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, read));
      left -= read;
    }
    return null; // it grows
  } finally {
    closeSync(file);
  }
}

/** A folder that is not entered changes with the names, lengths and times right in it. */
function shallow(walk: Walk, folder: number, found: BigIntStats): Sighted {
  const lines = namesIn({ ...walk, stopped_by: null }, folder).map((name) => {
    const at = lookAt(folder, name);
    return Buffer.from(`${name}\0${at?.ino}\0${at?.size}\0${at?.mtimeNs}\n`);
  });
  return sighted("folder", found, sha256Of(lines));
}

function sha256Of(parts: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

const sighted = (kind: Sighted["kind"], found: BigIntStats, sha256: string | null): Sighted => ({
  ...{ kind, ino: String(found.ino), mode: Number(found.mode & 0o7777n) },
  ...{ size_bytes: kind === "folder" ? 0 : Number(found.size) },
  ...{ ctime_ns: String(found.ctimeNs), mtime_ns: String(found.mtimeNs), sha256 },
});
