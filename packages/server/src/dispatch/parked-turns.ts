import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import type { Journal } from "../store/journal.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { foldTurn, type TurnRecord } from "../store/turn-record.ts";
import type { Log } from "../telemetry/log.ts";

const AT_A_TIME = 128;
const RETRY_AFTER_FAULT_MS = 1_000;

export interface ParkedTurnsParts {
  readonly store: Store;
  readonly journal: Pick<Journal, "readMany">;
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
}

export interface Look {
  /** Sees every parked turn whose journal can be read; many at once. */
  readonly each: (row: Row<"turn">, record: TurnRecord) => Promise<void>;
  /** Follows each round, in which turns were seen or `again` was called. */
  readonly afterwards?: () => Promise<void>;
}

/** Looks through the parked turns for whoever wakes some of them. */
export interface ParkedTurns {
  lookAtAll(): void;
  lookAt(turn_id: string): void;
  /** Another round, also where no turn is to be looked at. */
  again(): void;
  start(): void;
  stop(): Promise<void>;
}

/**
 * 1. One round at a time; what is asked for during a round causes another.
 * 2. All are looked at from the start on, and again when the store has recovered or a round failed: no
 *    turn is missed for what happened meanwhile.
 */
export function createParkedTurns(parts: ParkedTurnsParts, look: Look): ParkedTurns {
  const { store, journal, clock, log } = parts;
  let live = false;
  let wants_all = false;
  let wants_round = false;
  /** Those to look at alone. */
  const some = new Set<string>();
  let busy: Promise<void> | null = null;
  let unsubscribe = () => {};
  let cancelRetry = () => {};

  function begin(): void {
    wants_round = true;
    if (live) busy ??= rounds();
  }

  function lookAtAll(): void {
    wants_all = true;
    begin();
  }

  async function rounds(): Promise<void> {
    try {
      while (live && wants_round) await round();
    } catch (fault) {
      // What cannot be written now is looked at again when the store takes writes.
      if (store.status().state === "faulted") return;
      log.error({ fault: messageOf(fault) }, "parked turns could not be woken; trying again");
      cancelRetry();
      if (live) cancelRetry = clock.after(RETRY_AFTER_FAULT_MS, lookAtAll);
    } finally {
      busy = null;
    }
  }

  async function round(): Promise<void> {
    wants_round = false;
    if (wants_all) await lookThrough();
    else if (some.size > 0) await lookAtSome();
    await look.afterwards?.();
  }

  async function lookThrough(): Promise<void> {
    wants_all = false;
    some.clear();
    let page = await pageAfter(-1);
    while (live && page.length > 0) {
      await see(page);
      page = await pageAfter(page.at(-1)!.ordinal);
    }
  }

  async function lookAtSome(): Promise<void> {
    const ids = [...some].slice(0, AT_A_TIME);
    for (const turn_id of ids) some.delete(turn_id);
    wants_round ||= some.size > 0;
    await see(await store.query(parkedRows().where("id", "in", ids)));
  }

  const parkedRows = () => store.sql.selectFrom("turn").selectAll().where("state", "=", "parked");

  const pageAfter = (ordinal: number): Promise<Row<"turn">[]> =>
    store.query(parkedRows().where("ordinal", ">", ordinal).orderBy("ordinal").limit(AT_A_TIME));

  async function see(rows: readonly Row<"turn">[]): Promise<void> {
    const journals = await journal.readMany(rows.map(({ id }) => id));
    await Promise.all(
      rows.map(async (row) => {
        const reading = journals.get(row.id)!;
        if (!(reading instanceof JournalCorrupt)) await look.each(row, foldTurn(reading));
      }),
    );
  }

  return {
    lookAtAll,
    lookAt(turn_id) {
      some.add(turn_id);
      begin();
    },
    again: begin,
    start() {
      if (live) return;
      live = true;
      unsubscribe = store.onStatus(({ state }) => {
        if (state === "writing") lookAtAll();
      });
      lookAtAll();
    },
    async stop() {
      live = false;
      unsubscribe();
      cancelRetry();
      await busy;
    },
  };
}
