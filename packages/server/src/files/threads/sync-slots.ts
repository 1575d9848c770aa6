/**
 * How many syncs may wait for the disks at once. They wait in the pool of the whole process, where one that
 * hangs keeps its place: what is not bounded here, a single disk takes from everybody.
 *
 * Y1 `ALL` is below the size of the pool (`scripts/node`), also with threads that were given up: their syncs
 *    have their slots until those threads have gone.
 * Y2 `OF_ONE_DISK` is below `ALL`, so that one that hangs keeps nobody from another. Threads that look at the
 *    same moment may each have one more.
 */
export interface SyncSlots {
  /** Resolves with what gives the slot back. */
  take(disk: number): Promise<() => void>;
}

const ALL = 12;
const OF_ONE_DISK = 8;

/** Memory that the threads share. Per slot: whose it is (0: nobody's), for which disk. */
export type SlotsMemory = Int32Array;
const FREED = 0;
const ownerAt = (slot: number): number => 1 + 2 * slot;
const diskAt = (slot: number): number => 2 + 2 * slot;

export const slotsMemory = (): SlotsMemory =>
  new Int32Array(new SharedArrayBuffer((1 + 2 * ALL) * Int32Array.BYTES_PER_ELEMENT));

interface Waiter {
  readonly disk: number;
  readonly resolve: (slot: number) => void;
}

/** @param thread whose they are; from 1, no two of the process have one number */
export function slotsIn(memory: SlotsMemory, thread: number): SyncSlots {
  let waiters: Waiter[] = [];
  let watches = false;

  const taken = (disk: number) => takenBy(memory, thread, disk);

  /** In their order, but past those whose disk has no more. */
  function serve(): void {
    const full = new Set<number>();
    waiters = waiters.filter(({ disk, resolve }) => {
      const slot = full.has(disk) ? null : taken(disk);
      if (slot === null) full.add(disk);
      else resolve(slot);
      return slot === null;
    });
  }

  /** Until nobody waits: other threads give back, too. */
  async function watch(): Promise<void> {
    watches = true;
    while (waiters.length > 0) {
      const freed = Atomics.load(memory, FREED);
      serve();
      if (waiters.length > 0) await Atomics.waitAsync(memory, FREED, freed).value;
    }
    watches = false;
  }

  function giveBack(slot: number): void {
    free(memory, slot);
    if (waiters.length > 0) serve();
  }

  return {
    async take(disk) {
      const slot = waiters.some((other) => other.disk === disk) ? null : taken(disk);
      const { promise, resolve } = Promise.withResolvers<number>();
      if (slot === null) waiters.push({ disk, resolve });
      if (slot === null && !watches) void watch();
      const mine = slot ?? (await promise);
      return () => giveBack(mine);
    },
  };
}

function takenBy(memory: SlotsMemory, thread: number, disk: number): number | null {
  if (takenOf(memory, disk) >= OF_ONE_DISK) return null;
  for (let slot = 0; slot < ALL; slot++) {
    if (Atomics.compareExchange(memory, ownerAt(slot), 0, thread) !== 0) continue;
    Atomics.store(memory, diskAt(slot), disk);
    return slot;
  }
  return null;
}

function takenOf(memory: SlotsMemory, disk: number): number {
  let count = 0;
  for (let slot = 0; slot < ALL; slot++) {
    const is_free = Atomics.load(memory, ownerAt(slot)) === 0;
    if (!is_free && Atomics.load(memory, diskAt(slot)) === disk) count += 1;
  }
  return count;
}

function free(memory: SlotsMemory, slot: number): void {
  Atomics.store(memory, ownerAt(slot), 0);
  Atomics.add(memory, FREED, 1);
  Atomics.notify(memory, FREED);
}

/** Y1: of a thread that has gone. */
export function freeAllOf(memory: SlotsMemory, thread: number): void {
  for (let slot = 0; slot < ALL; slot++)
    if (Atomics.load(memory, ownerAt(slot)) === thread) free(memory, slot);
}
