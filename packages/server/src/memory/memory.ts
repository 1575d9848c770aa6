import type { JournalEvent } from "@mainstay/sdk/events";
import type { ModelMessage } from "../kernel/model.ts";
import { messageTokens } from "../kernel/tokens.ts";
import type { Journal } from "../store/journal.ts";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import type { Reading } from "../store/journal-reader.ts";
import { prepared } from "../store/prepared.ts";
import { sessionNotes } from "../store/session-notes.ts";
import type { Store } from "../store/store.ts";
import { budgetOf, type Compaction, type Fit, nextCompaction } from "./compaction.ts";
import { fitHistory } from "./history.ts";
import { type Past, withNotes } from "./notes.ts";
import { transcript } from "./transcript.ts";

const TURNS_AT_A_TIME = 4;

/** What a model reads of a session: its past as far as it fits, then the turn as its events tell it. */
export interface Conversation {
  /** As far as it may be asked with after the turn's compactions. */
  messages(events: readonly JournalEvent[]): ModelMessage[];
  /** What shortening it once more would make of it; null where nothing can be left out. */
  shortened(events: readonly JournalEvent[]): Compaction | null;
}

export interface Memory {
  /** Reads the session's past once, for all steps of a turn. */
  conversation(session_id: string, turn_id: string): Promise<Conversation>;
}

export interface MemoryParts {
  readonly store: Store;
  readonly journal: Journal;
  /** Bounds of the past, and of the past and the turn together. */
  readonly limits: { readonly history_tokens: number; readonly context_tokens: number };
}

export function createMemory({ store, journal, limits }: MemoryParts): Memory {
  /** Newest first, a few turns at a time, until the budget is used: most of a long session never is. */
  async function before(session_id: string, turn_id: string): Promise<Past[]> {
    let past: Past[] = [];
    let ids = [turn_id];
    while (ids.length > 0 && tokensOf(past) <= limits.history_tokens) {
      ids = await settledBefore(session_id, ids[0]!);
      const journals = await journal.readMany(ids);
      past = [...ids.map((id) => recalled(journals.get(id)!)), ...past];
    }
    return past;
  }

  async function settledBefore(session_id: string, turn_id: string): Promise<string[]> {
    const rows = await store.query(lastSettled(store, { session_id, turn_id }));
    return rows.map((row) => row.id).reverse();
  }

  return {
    async conversation(session_id, turn_id) {
      const [turns, notes] = await Promise.all([
        before(session_id, turn_id),
        sessionNotes(store, session_id),
      ]);
      const past = fitHistory(withNotes(turns, notes), limits.history_tokens);
      const fit =
        (events: readonly JournalEvent[]): Fit =>
        (budget_tokens) =>
          fitHistory([...past, ...transcript(events)], budget_tokens);
      return {
        messages: (events) => fit(events)(budgetOf(events, limits.context_tokens)),
        shortened: (events) => nextCompaction(events, limits.context_tokens, fit(events)),
      };
    },
  };
}

const LOST = "[A turn was here. Its record is damaged, so nothing of it is told.]";

const tokensOf = (past: readonly Past[]): number =>
  messageTokens(past.flatMap(({ messages }) => messages));

const recalled = (reading: Reading): Past =>
  reading instanceof JournalCorrupt
    ? { asked_at: null, messages: [{ role: "user", text: LOST }] }
    : { asked_at: reading[0]?.at ?? null, messages: transcript(reading) };

const lastSettled = prepared<{ session_id: string; turn_id: string }, { id: string }>((sql, slot) =>
  sql
    .selectFrom("turn")
    .select("id")
    .where("session_id", "=", slot("session_id"))
    .where("settled_at", "is not", null)
    .where("ordinal", "<", (of) =>
      of.selectFrom("turn").select("ordinal").where("id", "=", slot("turn_id")),
    )
    .orderBy("ordinal", "desc")
    .limit(TURNS_AT_A_TIME),
);
