import type { Changes, TurnChanges } from "@mainstay/sdk/changes";
import { CommandOutcome } from "@mainstay/sdk/commands";
import type { JournalType } from "@mainstay/sdk/events";
import { isSettled, type Turn, type TurnState } from "@mainstay/sdk/turn";
import type { Admission } from "../admission/admission.ts";
import type { Person } from "../identity/identity.ts";
import { filesOnRecord } from "../edits/edits.ts";
import { Refusal } from "../kernel/errors.ts";
import type { Journal } from "../store/journal.ts";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import type { Reading } from "../store/journal-reader.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { type Beside, turnChanges } from "./turn-changes.ts";
import { damagedResource, turnResource } from "./turn-resource.ts";

/** Reads turns for the person who asks; somebody else's turn does not exist for them. */
export interface TurnReader {
  /** @throws Refusal `not_found`. */
  own(person: Person, turn_id: string): Promise<void>;
  get(turn_id: string): Promise<Turn>;
  changes(turn_id: string): Promise<TurnChanges>;
  /** Newest first. `before` is the id of the last turn of the page before. */
  list(person: Person, query: TurnPage): Promise<{ items: Turn[]; next: string | null }>;
  /** The turn once nothing happens by itself any more, or as it stands when the signal aborts. */
  atRest(turn_id: string, signal: AbortSignal): Promise<Turn>;
}

/** After these the turn has ended, or waits for a person. */
const comesToRest: ReadonlySet<JournalType> = new Set<JournalType>([
  "settled",
  "parked",
  "approval_requested",
]);

const isAtRest = (state: TurnState): boolean =>
  isSettled(state) || state === "parked" || state === "awaiting_approval";

export interface TurnPage {
  readonly state: TurnState | undefined;
  readonly before: string | undefined;
  readonly limit: number;
}

export interface TurnReaderParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly admission: Admission;
}

export function createTurnReader({ store, journal, admission }: TurnReaderParts): TurnReader {
  async function own(person: Person, turn_id: string): Promise<void> {
    const [row] = await store.query(
      store.sql.selectFrom("turn").select("person_id").where("id", "=", turn_id),
    );
    if (row === undefined || (row.person_id !== person.id && person.role !== "admin"))
      throw new Refusal("not_found", `You have no turn ${JSON.stringify(turn_id)}.`);
  }

  async function get(turn_id: string): Promise<Turn> {
    const turn = turnResource(turn_id, await journal.read(turn_id), null);
    return turn.state === "queued" ? { ...turn, queue: await admission.place(turn_id) } : turn;
  }

  async function list(person: Person, { state, before, limit }: TurnPage) {
    let query = store.sql.selectFrom("turn").selectAll().where("person_id", "=", person.id);
    if (state !== undefined) query = query.where("state", "=", state);
    if (before !== undefined)
      query = query.where("ordinal", "<", (of) =>
        of.selectFrom("turn").select("ordinal").where("id", "=", before),
      );
    const rows = await store.query(query.orderBy("ordinal", "desc").limit(limit + 1));
    const page = rows.slice(0, limit);
    const journals = await journal.readMany(page.map((row) => row.id));
    const items = page.map((row) => listed(row, journals.get(row.id)!));
    return { items, next: rows.length > limit ? page.at(-1)!.id : null };
  }

  async function atRest(turn_id: string, signal: AbortSignal): Promise<Turn> {
    const rest = Promise.withResolvers<void>();
    const unsubscribe = journal.subscribe((id, event) => {
      if (id === turn_id && comesToRest.has(event.type)) rest.resolve();
    });
    // What a faulted store refused and kept, nobody was told.
    const forget = store.onStatus(({ state }) => {
      if (state === "writing") look().catch(rest.reject);
    });
    const leave = () => rest.resolve();
    signal.addEventListener("abort", leave, { once: true });
    try {
      if (!signal.aborted) {
        await look();
        await rest.promise;
      }
      return await get(turn_id);
    } finally {
      unsubscribe();
      forget();
      signal.removeEventListener("abort", leave);
    }

    async function look(): Promise<void> {
      if (await isAtRestNow(turn_id)) rest.resolve();
    }
  }

  async function isAtRestNow(turn_id: string): Promise<boolean> {
    const [row] = await store.query(
      store.sql.selectFrom("turn").select("state").where("id", "=", turn_id),
    );
    return row === undefined || isAtRest(row.state);
  }

  async function beside(turn_id: string): Promise<Beside> {
    const edits = await store.query(
      store.sql
        .selectFrom("edit")
        .select(["id", "state", "undone_by", "origin", "record"])
        .where("turn_id", "=", turn_id)
        .orderBy("ordinal"),
    );
    const rows = await store.query(
      store.sql
        .selectFrom("command")
        .select(["id", "outcome"])
        .where("turn_id", "=", turn_id)
        .where("background", "=", 1),
    );
    const told = rows.flatMap(({ id, outcome }): [string, Changes][] => {
      if (outcome === null) return [];
      const { changes } = CommandOutcome.parse(JSON.parse(outcome));
      return changes === undefined ? [] : [[id, changes]];
    });
    const running = rows.filter(({ outcome }) => outcome === null).map(({ id }) => id);
    return {
      ...{ changes: new Map(told), running: new Set(running) },
      edits: new Map(edits.map((edit) => [edit.id, edit])),
      offers: edits
        .filter(({ origin }) => origin === "offer")
        .map(({ id, record, ...edit }) => ({ ...edit, files: filesOnRecord(id, record) })),
    };
  }

  return {
    own,
    get,
    list,
    atRest,
    changes: async (turn_id) => turnChanges(await journal.read(turn_id), await beside(turn_id)),
  };
}

/** One damaged turn does not take its neighbours out of sight. */
const listed = (row: Row<"turn">, reading: Reading): Turn =>
  reading instanceof JournalCorrupt
    ? damagedResource(row, reading)
    : turnResource(row.id, reading, null);
