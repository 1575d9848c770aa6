/**
 * Holds running commands to their bounds of memory and disk. Where the host lets us make control
 * groups the kernel holds the memory; else, and for disks always, one look after the other does.
 *
 * 1. One timer serves all commands, and only while some run. Looks never overlap, and take at most a
 *    twentieth of the time.
 * 2. What a command takes is judged by pages shared fairly: children forked from a large process share
 *    its pages, and a sum of all they have would be many times what the host misses. Files on its file
 *    systems in memory count as well. What is left of a shared mapping that was mostly unmapped does not.
 * 3. While one that was halted for the host's sake has not left, no other is: what it took comes back
 *    first.
 */
import { writeFile } from "node:fs/promises";
import type { Clock } from "@mainstay/sdk/clock";
import type { ProcessIdentity } from "../process-table.ts";
import type { Cgroup, Cgroups } from "../sandbox/cgroup.ts";
import type { Halt } from "../supervise.ts";
import { claimOn, disksOf, filesInMemory, spaceOf, type WrittenDisk } from "./disk-use.ts";
import {
  type Claim,
  type Disk,
  diskShort,
  hostShort,
  isWithin,
  memoryBounds,
  overMemory,
} from "./excess.ts";
import {
  descendantsOf,
  type Family,
  pageBytes,
  preferForEnding,
  readFamilies,
  sharedFairly,
} from "./host-processes.ts";

const LOOK_MS = 250;
/** While something is near its bound. */
const LOOK_NEAR_MS = 50;
const NEAR_MEMORY = 0.75;
const NEAR_RESERVES = 4;
const LOOK_SHARE = 1 / 20;
/** By so much the times of files may lie behind the clock: they are of the kernel's last tick. */
const FILE_CLOCK_MS = 20;

/** The first that the kernel ends where it has no memory left, long before any server. */
const OOM_SCORE_ADJ = 700;

export interface HostMemory {
  total_bytes: number;
  available_bytes(): number;
}

/** Folders that a command may write to. */
export interface Writable {
  on_disk: string[];
  /** Where it sees them: file systems in memory that nobody else has. */
  in_memory: string[];
}

export interface BoundedCommand {
  command_id: string;
  folders: Writable;
  halt(why: Halt): void;
}

export interface Hold {
  /** Call once at the gate: when it resolves the command may go. Never rejects. */
  enter(init: ProcessIdentity): Promise<void>;
  /** Call once when it has ended or will not begin: why the kernel ended it, if it did. */
  leave(): Halt | null;
}

export interface Bounds {
  hold(command: BoundedCommand): Hold;
}

interface Entered {
  command: BoundedCommand;
  init_pid: number;
  group: Cgroup | null;
  /** By their devices. */
  disks: Map<number, WrittenDisk>;
  began_ms: number;
  is_halted: boolean;
}

export interface BoundsParts {
  memory: HostMemory;
  cgroups: Cgroups | null;
  clock: Clock;
  log(text: string): void;
}

export function createBounds({ memory, cgroups, clock, log }: BoundsParts): Bounds {
  const bounds = memoryBounds(memory.total_bytes);
  const page_bytes = pageBytes();
  const entered = new Set<Entered>();
  let stopTimer: (() => void) | null = null;
  let is_looking = false;

  function lookIn(delay_ms: number): void {
    if (stopTimer !== null || is_looking || entered.size === 0) return;
    stopTimer = clock.after(delay_ms, () => {
      stopTimer = null;
      void look();
    });
  }

  async function look(): Promise<void> {
    is_looking = true;
    const began_ms = clock.monotonic();
    let is_near = true;
    try {
      const families = await readFamilies();
      const seen = [...entered].map((one) => measure(one, families, page_bytes));
      for (const { pids } of seen) await preferForEnding(pids, OOM_SCORE_ADJ);
      const near = [await lookAtMemory(seen), await lookAtDisks(seen)];
      is_near = near.includes(true);
    } catch (error) {
      log(`what commands use could not be seen: ${(error as Error).message}`);
    }
    is_looking = false;
    const took_ms = clock.monotonic() - began_ms;
    lookIn(Math.max(is_near ? LOOK_NEAR_MS : LOOK_MS, took_ms / LOOK_SHARE));
  }

  /** Whether something is near its bound. */
  async function lookAtMemory(all: Measured[]): Promise<boolean> {
    const seen = all.filter(({ entered }) => entered.group === null);
    for (const one of seen.filter(({ taken_bytes }) => taken_bytes > bounds.limit_bytes)) {
      const { pids, files_bytes } = one;
      const taken_bytes = await sharedFairly(pids, files_bytes, bounds.limit_bytes);
      halt(one.entered, overMemory(taken_bytes, bounds));
    }
    // Groups bound each command; several together still take the host's memory.
    const short = hostShort(all, memory.available_bytes(), bounds);
    if (short !== null) haltForHost(short.command.entered, short.halt);
    const near_bytes = bounds.limit_bytes * NEAR_MEMORY;
    return short !== null || seen.some(({ taken_bytes }) => taken_bytes > near_bytes);
  }

  async function lookAtDisks(seen: Measured[]): Promise<boolean> {
    const disks = new Map(seen.flatMap(({ entered }) => [...entered.disks]));
    let is_near = false;
    for (const [device, { folders }] of disks) {
      const disk = await spaceOf(folders[0]!);
      if (disk === null || !isWithin(disk, NEAR_RESERVES)) continue;
      is_near = true;
      if (!isWithin(disk, 1) || isAnyHalted()) continue;
      const short = diskShort(await claimsOn(device, disk, seen), disk);
      if (short !== null) haltForHost(short.command.entered, short.halt);
    }
    return is_near;
  }

  function halt(one: Entered, why: Halt | null): void {
    if (why === null || one.is_halted) return;
    one.is_halted = true;
    one.command.halt(why);
  }

  /** Invariant 3. */
  function haltForHost(one: Entered, why: Halt): void {
    if (!isAnyHalted()) halt(one, why);
  }

  const isAnyHalted = () => [...entered].some(({ is_halted }) => is_halted);

  function leave(one: Entered): Halt | null {
    entered.delete(one);
    if (entered.size === 0) {
      stopTimer?.();
      stopTimer = null;
    }
    return one.group?.leave() ?? null;
  }

  return {
    hold(command) {
      let one: Entered | null = null;
      let has_left = false;
      return {
        async enter(init) {
          const began_ms = clock.now() - FILE_CLOCK_MS;
          await beFirstToGo(init, log);
          const group = (await cgroups?.join(command.command_id, init.pid, bounds)) ?? null;
          const disks = await disksOf(command.folders.on_disk);
          if (has_left) return void group?.leave(); // stopped at its gate
          one = { command, init_pid: init.pid, group, disks, began_ms, is_halted: false };
          entered.add(one);
          lookIn(LOOK_MS);
        },
        leave() {
          has_left = true;
          return one === null ? null : leave(one);
        },
      };
    },
  };
}

interface Measured {
  entered: Entered;
  pids: number[];
  /** On its file systems in memory. */
  files_bytes: number;
  /** With those; pages that several share count in each. */
  taken_bytes: number;
}

function measure(entered: Entered, families: Family, page_bytes: number): Measured {
  const { init_pid, command } = entered;
  const processes = descendantsOf(init_pid, families);
  const files_bytes = filesInMemory(init_pid, command.folders.in_memory);
  const resident_pages = processes.reduce((sum, one) => sum + one.resident_pages, 0);
  return {
    entered,
    pids: [init_pid, ...processes.map(({ pid }) => pid)],
    files_bytes,
    taken_bytes: resident_pages * page_bytes + files_bytes,
  };
}

async function claimsOn(device: number, disk: Disk, seen: Measured[]) {
  const claims: ({ entered: Entered } & Claim)[] = [];
  for (const { entered, pids } of seen) {
    const written = entered.disks.get(device);
    if (written === undefined) continue;
    const { folders, before } = written;
    const since = { began_ms: entered.began_ms, before: before ?? disk };
    claims.push({ entered, ...(await claimOn(device, { pids, folders, since, now: disk })) });
  }
  return claims;
}

async function beFirstToGo({ pid }: ProcessIdentity, log: (text: string) => void) {
  try {
    await writeFile(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE_ADJ));
  } catch (error) {
    log(`a command is not the first to go without memory: ${(error as Error).message}`);
  }
}
