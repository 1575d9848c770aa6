/**
 * What a command has on disks and on its file systems in memory.
 *
 * 1. The kernel's count of what a process wrote knows no allocated blocks, no children that nobody
 *    waited for, and nothing of a process that hides from us. So files speak, too: those that changed
 *    since the command began, and those that are open and have no name any more.
 * 2. Where not all could be seen, the command may have taken all that the disk lost meanwhile.
 * 3. Nothing here follows a link: folders are opened one below the other.
 */
import {
  closeSync,
  constants,
  lstatSync,
  opendirSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
  statfsSync,
  statSync,
} from "node:fs";
import { stat, statfs } from "node:fs/promises";
import { soon } from "@mainstay/sdk/clock";
import type { Claim, Disk, Taken } from "./excess.ts";

/** Read between two looks of the event loop at what else there is. */
const SLICE = 64;
/** Of one command; what lies beyond is not seen. */
const ENTRY_LIMIT = 100_000;
const DEPTH_LIMIT = 64;
const BLOCK_BYTES = 512;

const TMPFS_TYPE = 0x01021994;
/** About what the kernel keeps for a file on a tmpfs, beside its pages. */
const INODE_BYTES = 1024;

/** Null for a folder that is gone. */
export async function spaceOf(folder: string): Promise<Disk | null> {
  const found = await statfs(folder).catch(() => null);
  if (found === null) return null;
  return {
    ...{ free_bytes: found.bavail * found.bsize, total_bytes: found.blocks * found.bsize },
    ...{ free_files: found.ffree, total_files: found.files },
  };
}

export interface WrittenDisk {
  /** All that a command may write to there. */
  folders: string[];
  /** When it began; null where the disk does not say. */
  before: Disk | null;
}

/** The disks that folders lie on, by device. A folder that is gone has none. */
export async function disksOf(folders: string[]): Promise<Map<number, WrittenDisk>> {
  const disks = new Map<number, WrittenDisk>();
  for (const folder of folders) {
    const found = await stat(folder).catch(() => null);
    if (found === null) continue;
    const there = disks.get(found.dev);
    if (there !== undefined) there.folders.push(folder);
    else disks.set(found.dev, { folders: [folder], before: await spaceOf(folder) });
  }
  return disks;
}

/** Of the folders that are file systems in memory, as the process sees them. */
export function filesInMemory(pid: number, folders: string[]): number {
  return folders.reduce((sum, folder) => sum + onTmpfs(`/proc/${pid}/root${folder}`), 0);
}

function onTmpfs(folder: string): number {
  try {
    const { type, blocks, bfree, bsize, files, ffree } = statfsSync(folder);
    return type === TMPFS_TYPE ? (blocks - bfree) * bsize + (files - ffree) * INODE_BYTES : 0;
  } catch {
    return 0; // its process has ended
  }
}

interface Written {
  pids: number[];
  folders: string[];
  since: { began_ms: number; before: Disk };
  now: Disk;
}

export async function claimOn(device: number, written: Written): Promise<Claim> {
  const { since, now } = written;
  const found = {
    device,
    ...since,
    entries: 0,
    bytes: 0,
    born_bytes: 0,
    born: 0,
    is_hidden: false,
  };
  for (const folder of written.folders) await addFolder(found, folder, 0);
  let written_bytes = 0;
  for (const [at, pid] of written.pids.entries()) {
    if (at % SLICE === SLICE - 1) await new Promise<void>(soon);
    written_bytes += addProcess(found, pid);
  }
  const taken = (seen: number, lost: number, evidence: number): Taken => ({
    at_most: found.is_hidden ? lost : Math.min(seen, lost),
    evidence,
  });
  const lost_bytes = since.before.free_bytes - now.free_bytes;
  return {
    bytes: taken(
      Math.max(written_bytes, found.bytes),
      lost_bytes,
      found.born_bytes + written_bytes, // two in one workspace are told apart by the kernel's count
    ),
    files: taken(found.born, since.before.free_files - now.free_files, found.born),
  };
}

interface Found {
  device: number;
  began_ms: number;
  entries: number;
  /** Of files that changed: how much of an old one is new nobody knows. */
  bytes: number;
  /** Of those the new ones. */
  born_bytes: number;
  born: number;
  is_hidden: boolean;
}

/** `path` is a folder, not a link to one. */
async function addFolder(found: Found, path: string, depth: number): Promise<void> {
  if (depth > DEPTH_LIMIT) return void (found.is_hidden = true);
  let descriptor: number;
  try {
    const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
    descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    found.is_hidden ||= (error as NodeJS.ErrnoException).code !== "ENOENT";
    return;
  }
  try {
    await addEntries(found, `/proc/self/fd/${descriptor}`, depth);
  } finally {
    closeSync(descriptor);
  }
}

async function addEntries(found: Found, path: string, depth: number): Promise<void> {
  using folder = opendirSync(path);
  for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
    if (++found.entries > ENTRY_LIMIT) return void (found.is_hidden = true);
    if (found.entries % SLICE === 0) await new Promise<void>(soon);
    const file = `${path}/${entry.name}`;
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined || stats.dev !== found.device) continue;
    if (stats.ctimeMs >= found.began_ms) addFile(found, stats);
    if (stats.isDirectory()) await addFolder(found, file, depth + 1);
  }
}

function addFile(found: Found, stats: Stats): void {
  const bytes = stats.blocks * BLOCK_BYTES;
  found.bytes += bytes;
  const is_old = stats.birthtimeMs > 0 && stats.birthtimeMs < found.began_ms; // 0: it is not known
  if (is_old) return;
  found.born_bytes += bytes;
  found.born += 1;
}

/** What the kernel says that it wrote, with those whose ends it waited for. */
function addProcess(found: Found, pid: number): number {
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) addOpen(found, `/proc/${pid}/fd/${name}`);
    // One that is mapped and has neither a name nor a descriptor cannot be measured.
    if (/ [1-9]\d* +\/.* \(deleted\)$/m.test(mapsOf(pid))) found.is_hidden = true;
    const io = readFileSync(`/proc/${pid}/io`, "utf8");
    return Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    found.is_hidden ||= !["ENOENT", "ESRCH"].includes(code);
    return 0;
  }
}

function addOpen(found: Found, file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined || stats.dev !== found.device || stats.nlink > 0) return;
  addFile(found, stats);
}

/** Without those that are no file of any disk. */
const mapsOf = (pid: number) =>
  readFileSync(`/proc/${pid}/maps`, "utf8").replace(/^.* \/(dev\/zero|SYSV|memfd:).*$/gm, "");
