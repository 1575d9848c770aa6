import type { JournalBody, JournalType } from "@mainstay/sdk/events";
import type { Clock } from "@mainstay/sdk/clock";
import type { Admission, WaitingTurn } from "../admission/admission.ts";
import { messageOf } from "../kernel/errors.ts";
import type { PauseBoard } from "../kernel/pause.ts";
import type { Journal } from "../store/journal.ts";
import { prepared } from "../store/prepared.ts";
import type { Guard, Store } from "../store/store.ts";
import { type Lease, seatTurn, stateGuard, takeSession } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import type { Seats } from "./seats.ts";
import type { Suspects } from "./suspects.ts";

const RETRY_AFTER_FAULT_MS = 1_000;

/** After these events a seat may be free, or a turn may want one. */
const wakers: ReadonlySet<JournalType> = new Set<JournalType>([
  "accepted",
  "approval_requested",
  "approval_decided",
  "retried",
  "cancel_requested",
  "parked",
  "settled",
]);

export interface LeaserParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: Log;
  readonly seats: Seats;
  readonly suspects: Pick<Suspects, "watch">;
  readonly pauses: Pick<PauseBoard, "onChange">;
}

/**
 * Takes waiting turns into seats.
 *
 * 1. One round at a time; what happens during a round causes another.
 * 2. A lease, the turn's new state and its journal event are one batch, guarded by the fence that
 *    was read: of two takers one wins, the other writes nothing (J2).
 * 3. A turn runs only after its lease is on disk.
 * 4. After `stop` has resolved nobody is seated any more.
 * 5. A lease whose batch was refused may be on disk all the same: after a round that failed the next
 *    one begins with a look for such turns, and seats them.
 */
export function createLeaser(parts: LeaserParts) {
  const { store, journal, admission, clock, log, seats, suspects, pauses } = parts;
  let live = false;
  let busy: Promise<void> | null = null;
  let again = false;
  let is_in_doubt = false;
  let unsubscribe = () => {};
  let cancelRetry = () => {};

  function wake(): void {
    if (!live) return;
    again = true;
    busy ??= rounds();
  }

  async function rounds(): Promise<void> {
    try {
      while (again && live) {
        again = false;
        await round();
      }
    } catch (fault) {
      is_in_doubt = true;
      // Nothing can be leased now; the store tells when it can.
      if (store.status().state === "faulted") return;
      log.error({ fault: messageOf(fault) }, "a dispatch round failed; trying again");
      cancelRetry();
      if (live) cancelRetry = clock.after(RETRY_AFTER_FAULT_MS, wake);
    } finally {
      busy = null;
    }
  }

  async function round(): Promise<void> {
    if (is_in_doubt) await seatKept();
    is_in_doubt = false;
    const { seated } = await admission.pick();
    const ends = await Promise.allSettled(seated.map(({ turn, ahead }) => seatOne(turn, ahead)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** Seats are counted first: only a round gives any, so who has none now and a lease later was missed. */
  async function seatKept(): Promise<void> {
    const seated = seats.taken();
    const leases = await store.query(leasesOf(store, store.incarnation));
    for (const lease of leases) if (live && !seated.has(lease.turn_id)) seats.seat(lease);
  }

  async function seatOne(turn: WaitingTurn, ahead: number): Promise<void> {
    if (!live) return;
    const lease = await take(turn, ahead);
    // A lease taken while the server stops is brought back by the next start's rescuer.
    if (lease !== null && live) seats.seat(lease);
  }

  async function take(turn: WaitingTurn, ahead: number): Promise<Lease | null> {
    const { turn_id, session_id, fence, queued_at, queued_by } = turn;
    const lease = { turn_id, session_id, fence: fence + 1, holder: store.incarnation };
    const body: JournalBody =
      queued_by === "acceptance"
        ? { type: "started", fence: lease.fence, waited_ms: clock.now() - queued_at, ahead }
        : { type: "resumed", fence: lease.fence, cause: causes[queued_by], after: queued_by };
    const free: Guard = {
      name: "lease",
      expect: "some",
      query: sessionFree(store, { session_id, fence }),
    };
    const commit = await journal.commit(
      {
        guards: [stateGuard(store, turn_id, "queued"), free],
        writes: [takeSession(store, lease), seatTurn(store, turn_id)],
      },
      [{ turn_id, body }],
    );
    return commit.committed ? lease : null;
  }

  return {
    start(): void {
      if (live) return;
      live = true;
      const forgetEvents = journal.subscribe((_, { type }) => {
        if (wakers.has(type)) wake();
      });
      const forgetSuspects = suspects.watch(journal, wake);
      const forgetPauses = pauses.onChange(wake);
      const forgetStatus = store.onStatus(({ state }) => {
        if (state === "writing") wake();
      });
      unsubscribe = () => {
        forgetEvents();
        forgetSuspects();
        forgetPauses();
        forgetStatus();
      };
      wake();
    },
    async stop(): Promise<void> {
      live = false;
      unsubscribe();
      cancelRetry();
      await busy;
    },
  };
}

const sessionFree = prepared<{ session_id: string; fence: number }>((sql, slot) =>
  sql
    .selectFrom("session")
    .select("id")
    .where("id", "=", slot("session_id"))
    .where("fence", "=", slot("fence"))
    .where("holder", "is", null),
);

/** Of the turns that run by a lease of this holder. */
const leasesOf = (store: Store, holder: number) =>
  store.sql
    .selectFrom("session")
    .innerJoin("turn", "turn.session_id", "session.id")
    .select(["turn.id as turn_id", "session.id as session_id", "session.fence"])
    .select("session.holder")
    .where("session.holder", "=", holder)
    .where("turn.state", "=", "running")
    .$castTo<Lease>();

const causes = {
  approval: "an approval was decided",
  retry: "it was told to go on",
  restart: "the server restarted",
};
