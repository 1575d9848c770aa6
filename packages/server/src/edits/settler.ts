import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import { recurring } from "../kernel/recurring.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { EditFiles } from "./edit-files.ts";
import { recordOf } from "./edit-record.ts";
import { type EditRow, type EditRows, editRows, rootOf } from "./edit-rows.ts";
import type { EditEnd } from "./edits.ts";
import { type Ended, endedWrites } from "./on-record.ts";
import { findOut } from "./perform.ts";
import type { Underway } from "./underway.ts";

const LOOK_EVERY_MS = 60_000;
/** Looked at together. */
const ROWS = 200;

/**
 * Decides edits that nobody saw end: all of it or nothing.
 *
 * 1. The first look is at all of them, before turns go on. Later ones leave to open turns what is theirs.
 * 2. What is being done by this process is left alone.
 * 3. A torn edit is tried again at every look.
 * 4. One that cannot be looked at keeps no other from it.
 */
export interface Settler extends Actor {
  start(): Promise<void>;
  /** One edit, whose call was interrupted. Null: there is no such edit. */
  settle(edit_id: string): Promise<EditEnd | null>;
}

export interface SettlerParts {
  readonly store: Store;
  readonly files: EditFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly underway: Underway;
}

const INTERRUPTED = "it was interrupted";

export function createSettler({ store, files, clock, log, underway }: SettlerParts): Settler {
  /** 1. */
  let found: Found = all;
  /** Why, by id: what is the same at every look is said once. */
  const undecided = new Map<string, string>();

  const looking = recurring({
    ...{ every_ms: LOOK_EVERY_MS, clock },
    async look() {
      const these = found;
      found = leftOver;
      for await (const rows of pages(these)) await Promise.all(rows.map(decideAlone));
    },
    onFault: (fault) =>
      log.error({ fault: messageOf(fault) }, "edits could not be looked at; trying again"),
  });

  type Found = () => EditRows;

  async function* pages(these: Found): AsyncGenerator<EditRow[]> {
    let after = 0;
    for (;;) {
      const page = these().where("edit.ordinal", ">", after).orderBy("edit.ordinal").limit(ROWS);
      const rows = await store.query(page);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.ordinal;
      yield rows;
    }
  }

  function all(): EditRows {
    return editRows(store).where("edit.state", "in", ["running", "torn"]);
  }

  function leftOver(): EditRows {
    return all()
      .leftJoin("turn", "turn.id", "edit.turn_id")
      .where((of) =>
        of.or([
          of("edit.state", "=", "torn"),
          of("edit.origin", "<>", "call"),
          of("turn.settled_at", "is not", null),
        ]),
      );
  }

  /** 2. and 4. */
  async function decideAlone(row: EditRow): Promise<void> {
    if (underway.has(row.id)) return;
    try {
      await decide(row);
      undecided.delete(row.id);
    } catch (thrown) {
      const fault = messageOf(thrown);
      if (undecided.get(row.id) === fault) return;
      undecided.set(row.id, fault);
      log.error({ edit: row.id, fault }, "an edit could not be decided");
    }
  }

  async function decide(row: EditRow): Promise<Ended> {
    const { id: edit_id, person_id } = row;
    const record = recordOf(edit_id, row.record);
    const { state, fault } = await findOut(files, rootOf(row), record, INTERRUPTED);
    const ended = { edit_id, person_id, state, fault };
    if (row.state === "torn" && state === "torn") return ended;
    log.warn({ edit: edit_id, state, fault }, "an interrupted edit was looked at");
    const writes = endedWrites(store, clock.now(), ended);
    await store.commit({ guards: [isStill(row)], writes });
    return ended;
  }

  const isStill = ({ id, state }: EditRow) => ({
    name: "as it was found",
    expect: "some" as const,
    query: store.sql
      .selectFrom("edit")
      .select("id")
      .where("id", "=", id)
      .where("state", "=", state)
      .compile(),
  });

  return {
    ...looking,
    async settle(edit_id) {
      const [row] = await store.query(editRows(store).where("edit.id", "=", edit_id));
      if (row === undefined) return null;
      return endOf(row.state === "running" ? await decide(row) : row);
    },
  };
}

/** Its row has it already. */
const endOf = ({ state, fault }: Pick<Ended | EditRow, "state" | "fault">): EditEnd =>
  state === "applied"
    ? { state, fault, writes: [] }
    : { state: state === "untouched" ? state : "torn", fault: fault ?? INTERRUPTED, writes: [] };
