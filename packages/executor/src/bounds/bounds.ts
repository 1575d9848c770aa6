/**
 * Holds running commands to their bounds of memory and disk. Where the host lets us make control
 * groups the kernel holds the memory; else, and for disks always, one look after the other does.
 *
 * 1. One timer serves all commands, and only while some run. Looks never overlap, and take at most a
 *    twentieth of the time.
 * 2. What a command takes is judged by pages shared fairly: children forked from a large process share
 *    its pages, and a sum of all they have would be many times what the host misses.
 * 3. While one that was halted for the host's sake has not left, no other is: what it took comes back
 *    first.
 */
import { stat, statfs, writeFile } from "node:fs/promises";
import type { Clock } from "@mainstay/sdk/clock";
import type { ProcessIdentity } from "../process-table.ts";
import type { Cgroup, Cgroups } from "../sandbox/cgroup.ts";
import type { Halt } from "../supervise.ts";
import { type Disk, diskShort, hostShort, memoryBounds, overMemory, reserveOf } from "./excess.ts";
import {
  descendantsOf,
  type Family,
  pageBytes,
  readFamilies,
  sharedFairly,
  writtenBytes,
} from "./host-processes.ts";

const LOOK_MS = 250;
/** While something is near its bound. */
const LOOK_NEAR_MS = 50;
const NEAR_MEMORY = 0.75;
const NEAR_RESERVES = 4;
const LOOK_SHARE = 1 / 20;

/** The first that the kernel ends where it has no memory left, long before any server. */
const OOM_SCORE_ADJ = 700;

export interface HostMemory {
  total_bytes: number;
  available_bytes(): number;
}

export interface BoundedCommand {
  command_id: string;
  /** On the disks that it may write to. */
  folders: string[];
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
  /** By their devices; of each a folder on it. */
  disks: Map<number, string>;
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
    for (const one of seen.filter(({ resident_bytes }) => resident_bytes > bounds.limit_bytes)) {
      halt(one.entered, overMemory(await sharedFairly(one.pids, bounds.limit_bytes), bounds));
    }
    const short = hostShort(seen, memory.available_bytes(), bounds);
    if (short !== null) haltForHost(short.command.entered, short.halt);
    const near_bytes = bounds.limit_bytes * NEAR_MEMORY;
    return short !== null || seen.some(({ resident_bytes }) => resident_bytes > near_bytes);
  }

  async function lookAtDisks(seen: Measured[]): Promise<boolean> {
    const disks = new Map(seen.flatMap(({ entered }) => [...entered.disks]));
    let is_near = false;
    for (const [device, folder] of disks) {
      const disk = await spaceOf(folder);
      if (disk === null || disk.free_bytes > reserveOf(disk) * NEAR_RESERVES) continue;
      is_near = true;
      const short = diskShort(await writersTo(device, seen), disk);
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
    if (![...entered].some(({ is_halted }) => is_halted)) halt(one, why);
  }

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
          await preferForEnding(init, log);
          const group = (await cgroups?.join(command.command_id, init.pid, bounds)) ?? null;
          const disks = await disksOf(command.folders);
          if (has_left) return void group?.leave(); // stopped at its gate
          one = { command, init_pid: init.pid, group, disks, is_halted: false };
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
  /** Never less than what it takes. */
  resident_bytes: number;
}

function measure(entered: Entered, families: Family, page_bytes: number): Measured {
  const processes = descendantsOf(entered.init_pid, families);
  return {
    entered,
    pids: [entered.init_pid, ...processes.map(({ pid }) => pid)],
    resident_bytes: processes.reduce((sum, one) => sum + one.resident_pages, 0) * page_bytes,
  };
}

async function writersTo(device: number, seen: Measured[]) {
  const writers: { entered: Entered; written_bytes: number }[] = [];
  for (const { entered, pids } of seen) {
    if (!entered.disks.has(device)) continue;
    writers.push({ entered, written_bytes: await writtenBytes(pids) });
  }
  return writers;
}

/** The disks that folders lie on, each with one of those. A folder that is gone has none. */
async function disksOf(folders: string[]): Promise<Map<number, string>> {
  const disks = new Map<number, string>();
  for (const folder of folders) {
    const found = await stat(folder).catch(() => null);
    if (found !== null) disks.set(found.dev, folder);
  }
  return disks;
}

async function spaceOf(folder: string): Promise<Disk | null> {
  const found = await statfs(folder).catch(() => null);
  if (found === null) return null;
  return { free_bytes: found.bavail * found.bsize, total_bytes: found.blocks * found.bsize };
}

async function preferForEnding({ pid }: ProcessIdentity, log: (text: string) => void) {
  try {
    await writeFile(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE_ADJ));
  } catch (error) {
    log(`a command is not the first to go without memory: ${(error as Error).message}`);
  }
}
