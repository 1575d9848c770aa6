import type { Clock } from "@mainstay/sdk/clock";
import type { JournalBody, JournalEvent } from "@mainstay/sdk/events";
import { LeaseLost } from "../kernel/errors.ts";
import type { Journal } from "../store/journal.ts";
import type { Batch, Statement, Store } from "../store/store.ts";
import { type Lease, leaseGuard, notCancelledGuard } from "../store/turn-writes.ts";

/**
 * What one run writes to its turn's journal.
 *
 * 1. Events reach the disk in the order in which they were noted, each batch under the lease (J2).
 * 2. `events()` is the journal as it will be: what is on disk, then what is noted.
 * 3. After a write has failed nothing more is written; the next `commit` throws that failure.
 * 4. A turn does not begin to wait once a person wants it cancelled: who would wake it?
 */
export interface Pen {
  events(): readonly JournalEvent[];
  /** Adds an event, and writes that belong to it, to the next write. Nothing outside may depend on it yet. */
  note(body: JournalBody, writes?: readonly Statement[]): void;
  /** Writes what is noted, with other rooms' writes in the same batch; resolves when it is on disk. */
  commit(writes?: readonly Statement[]): Promise<void>;
  /** Writes the event by which the turn leaves its seat to wait. False: a wish to cancel came first. */
  suspend(body: JournalBody | null, writes: readonly Statement[]): Promise<boolean>;
  /** Takes in what others appended meanwhile: a wish to cancel, say. */
  reload(): Promise<void>;
}

export interface PenParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
}

export async function openPen({ store, journal, clock }: PenParts, lease: Lease): Promise<Pen> {
  const { turn_id } = lease;
  const on_disk = await journal.read(turn_id);
  /** Noted and not yet on disk; the first `on_the_way` of them are being written. */
  const noted: { readonly body: JournalBody; readonly writes: readonly Statement[] }[] = [];
  let on_the_way = 0;
  let last: Promise<void> = Promise.resolve();

  function commit(writes: readonly Statement[] = []): Promise<void> {
    const next = noted.slice(on_the_way);
    on_the_way = noted.length;
    const bodies = next.map(({ body }) => body);
    last = last.then(() => write(bodies, [...next.flatMap((each) => each.writes), ...writes]));
    last.catch(() => undefined);
    return last;
  }

  async function write(bodies: JournalBody[], writes: readonly Statement[]): Promise<void> {
    const lost = await tryWrite(bodies, { guards: [leaseGuard(store, lease)], writes });
    if (lost !== null) throw lostBy(lost);
    on_the_way -= bodies.length;
    noted.splice(0, bodies.length);
  }

  /** Null when it is written, else the guard that did not hold. */
  async function tryWrite(bodies: readonly JournalBody[], batch: Batch): Promise<string | null> {
    const commit = await journal.commit(
      batch,
      bodies.map((body) => ({ turn_id, body })),
    );
    if (!commit.committed) return commit.guard;
    const first = commit.events[0];
    if (first === undefined || first.seq === on_disk.length + 1) on_disk.push(...commit.events);
    else await readOn();
    return null;
  }

  async function suspend(body: JournalBody | null, writes: readonly Statement[]): Promise<boolean> {
    await commit();
    const guards = [leaseGuard(store, lease), notCancelledGuard(store, turn_id)];
    const lost = await tryWrite(body === null ? [] : [body], { guards, writes });
    if (lost === null) return true;
    if (lost !== "cancelled") throw lostBy(lost);
    await readOn();
    return false;
  }

  const lostBy = (guard: string): Error =>
    guard === "lease" ? new LeaseLost(turn_id) : new Error(`a write of the turn met ${guard}`);

  async function readOn(): Promise<void> {
    on_disk.push(...(await journal.read(turn_id, on_disk.length)));
  }

  return {
    events: () => [
      ...on_disk,
      ...noted.map(({ body }, i) => provisional(body, on_disk.length + i + 1)),
    ],
    note: (body, writes = []) => void noted.push({ body, writes }),
    commit,
    suspend,
    async reload() {
      await last;
      await readOn();
    },
  };

  function provisional(body: JournalBody, seq: number): JournalEvent {
    return { ...body, seq, at: clock.now() };
  }
}
