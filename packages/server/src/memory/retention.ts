import type { Clock } from "@mainstay/sdk/clock";
import { sql } from "kysely";
import { messageOf, Refusal } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import { recurring } from "../kernel/recurring.ts";
import { isoTime } from "../kernel/time.ts";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import type { FoldedEvent, Journal } from "../store/journal.ts";
import { prepared } from "../store/prepared.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import { folded } from "./folding.ts";

const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 60_000;
/** Turns folded without a pause between; live commits go first in the pauses. */
const SLICE = 16;
const PAUSE_MS = 50;
const RETRY_AFTER_S = 300;
const MB = 1_048_576;

export interface RetentionSettings {
  /** Journals of turns that settled longer ago fold to transcripts. */
  readonly journal_days: number;
  /** Of the data file; above it the oldest settled turns fold earlier. */
  readonly journal_bytes: number;
}

/**
 * Keeps the journals within their days and bytes.
 *
 * 1. Only settled turns fold, the oldest first; each is one batch, so that a crash leaves a turn
 *    whole or folded.
 * 2. It works in slices with pauses: what lives does not wait for what is long over. The bytes are
 *    measured before each.
 * 3. Where everything is folded and it is still too much, new turns are refused; what runs ends.
 */
export interface Retention extends Actor {
  /** Why no new turn is taken in; null while there is room. */
  refusal(): Refusal | null;
  /** What the data took at the last look, of what it may take. */
  usage(): { readonly used_bytes: number; readonly limit_bytes: number };
}

export interface RetentionParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: RetentionSettings;
}

export function createRetention(parts: RetentionParts): Retention {
  const { store, journal, clock, log, settings } = parts;
  let used_bytes = 0;
  let is_full = false;

  const looking = recurring({
    ...{ every_ms: LOOK_EVERY_MS, clock },
    async look(signal) {
      while (await foldSome()) await clock.sleep(PAUSE_MS, signal);
    },
    onFault: (fault) =>
      log.error({ fault: messageOf(fault) }, "journals could not be folded; trying again"),
  });

  /** A slice of what is too old, or of all there is while it is too much. False: there is none. */
  async function foldSome(): Promise<boolean> {
    const is_over = await isOver();
    const days = is_over ? 0 : settings.journal_days;
    const settled_before = clock.now() - days * DAY_MS;
    const rows = await store.query(unfolded(store, { settled_before, limit: SLICE }));
    for (const { id } of rows) await fold(id);
    if (is_over && rows.length === 0) is_full = true;
    return rows.length > 0;
  }

  /** Measures. Who was refused for too much is refused until it is no longer too much. */
  async function isOver(): Promise<boolean> {
    const [row] = await store.query(usedBytes(store, {}));
    used_bytes = row!.used;
    const is_over = used_bytes > settings.journal_bytes;
    if (!is_over) is_full = false;
    return is_over;
  }

  async function fold(turn_id: string): Promise<void> {
    await journal.fold(turn_id, await details(turn_id), clock.now());
  }

  /** Of a damaged journal nothing is replaced; it only counts as done. */
  async function details(turn_id: string): Promise<FoldedEvent[]> {
    const folded_at = isoTime(clock.now());
    try {
      const events = await journal.read(turn_id);
      return events.flatMap((event) => {
        const body = folded(event, folded_at);
        return body === null ? [] : [{ seq: event.seq, at: event.at, body }];
      });
    } catch (fault) {
      if (!(fault instanceof JournalCorrupt)) throw fault;
      log.error({ turn: turn_id, fault: fault.message }, "a damaged journal is not folded");
      return [];
    }
  }

  return {
    start: () => void looking.start(),
    stop: looking.stop,
    usage: () => ({ used_bytes, limit_bytes: settings.journal_bytes }),
    refusal: () => (is_full ? full(used_bytes, settings) : null),
  };
}

const full = (used_bytes: number, { journal_bytes }: RetentionSettings): Refusal =>
  new Refusal(
    "journal_full",
    `The data takes ${Math.ceil(used_bytes / MB)} MB of the ${Math.floor(journal_bytes / MB)} MB ` +
      "it may, and there is nothing left to fold. Raise retention.journal_bytes; " +
      "what runs goes on, history can be read.",
    { retry_after_s: RETRY_AFTER_S },
  );

const unfolded = prepared<{ settled_before: number; limit: number }, { id: string }>((db, slot) =>
  db
    .selectFrom("turn")
    .select("id")
    .where("settled_at", "is not", null)
    .where("folded_at", "is", null)
    .where("settled_at", "<", slot("settled_before"))
    .orderBy("settled_at")
    .limit(slot("limit")),
);

/** Pages of the data file that hold something. */
const usedBytes = prepared<object, { used: number }>((db) => ({
  compile: () =>
    sql<{ used: number }>`
      select (page_count - freelist_count) * page_size as used
      from pragma_page_count(), pragma_freelist_count(), pragma_page_size()
    `.compile(db),
}));
