/** What the host's processes are and use, in one pass over /proc. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { soon } from "@mainstay/sdk/clock";

/** Read between two looks of the event loop at what else there is. */
const SLICE = 32;

export interface HostProcess {
  pid: number;
  parent: number;
  session: number;
  /** In clock ticks after boot. */
  began: number;
  /** Pages that it shares with others count in each. */
  resident_pages: number;
}

/** All that we may see, by their parents. */
export type Family = Map<number, HostProcess[]>;

/** Not by `/proc/PID/task/TID/children`: not every kernel has that. */
export async function readFamilies(): Promise<Family> {
  const families: Family = new Map();
  for (const [at, pid] of pids().entries()) {
    if (at % SLICE === SLICE - 1) await new Promise<void>(soon);
    addTo(families, pid);
  }
  return families;
}

/** The same at once, for who must act on it before it changes. */
export function familiesNow(): Family {
  const families: Family = new Map();
  for (const pid of pids()) addTo(families, pid);
  return families;
}

const pids = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function addTo(families: Family, pid: number): void {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  if (stat === "") return;
  const found = processIn(pid, stat);
  const siblings = families.get(found.parent);
  if (siblings === undefined) families.set(found.parent, [found]);
  else siblings.push(found);
}

function processIn(pid: number, stat: string): HostProcess {
  // The name in field 2 may hold spaces and parentheses itself; field 3 follows the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3] ?? 0);
  const [parent, session, began] = [field(4), field(6), field(22)];
  return { pid, parent, session, began, resident_pages: field(24) };
}

/** All that descends from `root`, which for the init of a pid namespace is all of it. */
export function descendantsOf(root: number, families: Family): HostProcess[] {
  const found: HostProcess[] = [];
  const seen = new Set([root]);
  const waiting = [root];
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    for (const child of families.get(parent) ?? []) {
      if (seen.has(child.pid)) continue; // a pid that was given anew between two reads
      seen.add(child.pid);
      found.push(child);
      waiting.push(child.pid);
    }
  }
  return found;
}

/**
 * What they really take, as far as `enough_bytes`: of a page that several share each has its part, and
 * what they map of `files_bytes`, their files in memory, counts once. Slow, because the kernel walks
 * their page tables: not on this thread, and one after the other, so that others get at theirs.
 */
export async function sharedFairly(
  pids: number[],
  files_bytes: number,
  enough_bytes: number,
): Promise<number> {
  let [own_bytes, shared_bytes] = [0, 0];
  const sum_bytes = () => own_bytes + Math.max(shared_bytes, files_bytes);
  for (const pid of pids) {
    const text = await read(`/proc/${pid}/smaps_rollup`);
    const shared = numberIn(text, /^Pss_Shmem:\s+(\d+) kB/m);
    own_bytes += (numberIn(text, /^Pss:\s+(\d+) kB/m) - shared) * 1024;
    shared_bytes += shared * 1024;
    if (sum_bytes() > enough_bytes) break;
  }
  return sum_bytes();
}

/** Undoes what a process did to be spared: as an ordinary user's it may lower its own score. */
export async function preferForEnding(pids: number[], score: number): Promise<void> {
  for (const [at, pid] of pids.entries()) {
    if (at % SLICE === SLICE - 1) await new Promise<void>(soon);
    const file = `/proc/${pid}/oom_score_adj`;
    if (Number(readOrEmpty(file) || score) >= score) continue;
    try {
      writeFileSync(file, String(score));
    } catch {
      // It has ended, or it is undumpable and so root's: it stays as it is.
    }
  }
}

const AT_PAGESZ = 6n;

/** Of this machine; arm64 has kernels with 16 and 64 KiB. */
export function pageBytes(): number {
  const vector = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  throw new Error("the kernel does not say how large a page is");
}

const numberIn = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);

/** Empty for one that has ended meanwhile. */
const read = (file: string) => readFile(file, "utf8").catch(() => "");

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
