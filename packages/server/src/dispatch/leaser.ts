import type { JournalBody, JournalType } from "@mainstay/sdk/events";
import type { Clock } from "@mainstay/sdk/clock";
import type { Admission } from "../admission/admission.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Journal } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import { type Lease, stateGuard } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import type { Seats } from "./seats.ts";

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
}

/**
 * Takes waiting turns into seats.
 *
 * 1. One round at a time; what happens during a round causes another.
 * 2. A lease, the turn's new state and its journal event are one batch, guarded by the fence that
 *    was read: of two takers one wins, the other writes nothing (J2).
 * 3. A turn runs only after its lease is on disk.
 */
export function createLeaser(parts: LeaserParts) {
  const { store, journal, admission, clock, log, seats } = parts;
  let live = false;
  let busy = false;
  let again = false;
  let unsubscribe = () => {};
  let cancelRetry = () => {};

  async function rounds(): Promise<void> {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      do {
        again = false;
        await round();
      } while (again && live);
    } catch (fault) {
      log.error({ fault: messageOf(fault) }, "a dispatch round failed; trying again");
      cancelRetry = clock.after(RETRY_AFTER_FAULT_MS, () => void rounds());
    } finally {
      busy = false;
    }
  }

  async function round(): Promise<void> {
    const { seated } = await admission.pick();
    await Promise.all(
      seated.map(async ({ turn_id, ahead }) => {
        if (!live) return;
        const lease = await take(turn_id, ahead);
        if (lease !== null) seats.seat(lease);
      }),
    );
  }

  async function take(turn_id: string, ahead: number): Promise<Lease | null> {
    const found = await waitingTurn(turn_id);
    if (found === undefined) return null;
    const { session_id, fence: old, queued_at, last_type } = found;
    const lease = { turn_id, session_id, fence: old + 1, holder: store.incarnation };
    const body: JournalBody =
      last_type === "accepted"
        ? { type: "started", fence: lease.fence, waited_ms: clock.now() - queued_at, ahead }
        : { type: "resumed", fence: lease.fence, cause: causeOf(last_type) };
    const free = store.sql.selectFrom("session").select("id").where("id", "=", session_id);
    const commit = await journal.commit(
      {
        guards: [
          stateGuard(store, turn_id, "queued"),
          {
            name: "lease",
            expect: "some",
            query: free.where("fence", "=", old).where("holder", "is", null).compile(),
          },
        ],
        writes: [
          store.sql
            .updateTable("session")
            .set({ fence: lease.fence, holder: lease.holder })
            .where("id", "=", session_id)
            .compile(),
          store.sql
            .updateTable("turn")
            .set({ state: "running" })
            .where("id", "=", turn_id)
            .compile(),
        ],
      },
      [{ turn_id, body }],
    );
    return commit.committed ? lease : null;
  }

  async function waitingTurn(turn_id: string) {
    const [row] = await store.query(
      store.sql
        .selectFrom("turn")
        .innerJoin("session", "session.id", "turn.session_id")
        .select(["turn.session_id", "turn.queued_at", "session.fence"])
        .select((of) =>
          of
            .selectFrom("journal")
            .select("journal.type")
            .whereRef("journal.turn_id", "=", "turn.id")
            .orderBy("journal.seq", "desc")
            .limit(1)
            .as("last_type"),
        )
        .where("turn.id", "=", turn_id),
    );
    return row;
  }

  return {
    start(): void {
      if (live) return;
      live = true;
      unsubscribe = journal.subscribe((_, event) => {
        if (wakers.has(event.type)) void rounds();
      });
      void rounds();
    },
    stop(): void {
      live = false;
      unsubscribe();
      cancelRetry();
    },
  };
}

function causeOf(last_type: string | null): string {
  switch (last_type) {
    case "approval_decided":
      return "an approval was decided";
    case "retried":
      return "a person asked to try again";
    case "cancel_requested":
      return "a person asked to cancel";
    default:
      return "the server restarted";
  }
}
