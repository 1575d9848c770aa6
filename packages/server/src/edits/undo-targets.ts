import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { Store } from "../store/store.ts";
import {
  type EditRow,
  editRows,
  type EditRows,
  isStanding,
  standing,
  theirs,
  undoesOf,
} from "./edit-rows.ts";
import type { UndoTarget } from "./edits.ts";

/** More at once would be an undo that nobody can oversee. */
const EDITS = 1_000;
const TOLD = 10;

/** In the order in which they were done. */
export type Targets = readonly [EditRow, ...EditRow[]];

/** The edits that an undo takes back, and what it is called. @throws Refusal */
export async function undoTargets(
  store: Store,
  person: Person,
  target: UndoTarget,
): Promise<{ readonly edits: Targets; readonly intent: string }> {
  if ("edit_id" in target) return ofEdit(store, theirs(store, person), target.edit_id);
  const [what, id] =
    "turn_id" in target
      ? (["turn", target.turn_id] as const)
      : (["session", target.session_id] as const);
  await refuseUnknown(store, person, what, id);
  const rows = theirs(store, person).where(`edit.${what}_id`, "=", id);
  return { edits: await ofMany(store, rows, what), intent: `undo of ${what} ${id}` };
}

/**
 * An undo is taken back like an edit: what it took back stands again. An undo of that is one of those
 * edits themselves.
 */
async function ofEdit(store: Store, mine: EditRows, edit_id: string) {
  const [row] = await store.query(mine.where("edit.id", "=", edit_id));
  if (row === undefined) throw new Refusal("not_found", "There is no such edit of yours.");
  await refuseGone(store, [row]);
  const intent = `undo of ${edit_id}: ${innermost(row)}`;
  const again = row.origin === "undo" ? await broughtBack(store, row) : [];
  if (again.length === 0) return { edits: [row] as const, intent };
  const [first, ...rest] = await standingOf(store, mine.where("edit.id", "in", again));
  if (first !== undefined) return { edits: [first, ...rest] as const, intent };
  throw new Refusal(
    "edit_not_standing",
    `What ${edit_id} brought back was taken back since: ${again.slice(0, TOLD).join(", ")}.`,
  );
}

/** Of undos of undos: what all of it was about. */
const innermost = ({ origin, intent }: EditRow): string =>
  origin === "undo" ? intent.replace(/^undo of edit_\w+: /, "") : intent;

/** Of the undo of an undo: the edits that it made stand again. */
async function broughtBack(store: Store, row: EditRow): Promise<string[]> {
  const undone = await store.query(editRows(store).where("edit.id", "in", undoesOf(row)));
  return undone.filter(({ origin }) => origin === "undo").flatMap(undoesOf);
}

async function ofMany(store: Store, rows: EditRows, what: string): Promise<Targets> {
  const [busy] = await store.query(rows.where("edit.state", "=", "running").limit(1));
  if (busy !== undefined) throw isBusy(busy.id);
  const [first, ...rest] = await standingOf(store, rows);
  if (first === undefined)
    throw new Refusal(
      "nothing_to_undo",
      `No edit of this ${what} stands: there is nothing to undo.`,
    );
  if (rest.length < EDITS) return [first, ...rest];
  throw new Refusal(
    "undo_too_large",
    `More than ${EDITS} edits of this ${what} stand. Take them back turn by turn, the newest first.`,
  );
}

const standingOf = (store: Store, rows: EditRows): Promise<EditRow[]> =>
  store.query(
    standing(rows)
      .orderBy("edit.ordinal")
      .limit(EDITS + 1),
  );

async function refuseUnknown(
  store: Store,
  person: Person,
  what: "turn" | "session",
  id: string,
): Promise<void> {
  const [row] = await store.query(
    store.sql.selectFrom(what).select("person_id").where("id", "=", id),
  );
  if (row !== undefined && (row.person_id === person.id || person.role === "admin")) return;
  throw new Refusal("not_found", `There is no such ${what} of yours.`);
}

const isBusy = (edit_id: string): Refusal =>
  new Refusal(
    "edit_not_standing",
    `${edit_id} is being done right now; nothing was taken back. Ask again in a moment.`,
  );

/** Looks at them as they are now. @throws Refusal of the first that does not stand */
export async function refuseGone(store: Store, edits: Targets): Promise<void> {
  const ids = edits.map(({ id }) => id);
  const now = await store.query(editRows(store).where("edit.id", "in", ids));
  const gone = now.find((row) => !isStanding(row));
  if (gone === undefined) return;
  if (gone.state === "running") throw isBusy(gone.id);
  const why = gone.state === "applied" ? await undoneWords(store, gone) : endWords(gone);
  throw new Refusal("edit_not_standing", `${why}.`);
}

const endWords = ({ id, state, fault }: EditRow): string =>
  state === "untouched"
    ? `${id} changed nothing`
    : `neither all nor none of ${id} stands, and making it whole is tried again: ${fault}`;

async function undoneWords(store: Store, { id, undone_by }: EditRow): Promise<string> {
  const undo_id = undone_by!;
  const [undo] = await store.query(editRows(store).where("edit.id", "=", undo_id));
  if (undo?.state === "running")
    return `${undo_id} is taking ${id} back right now; ask again in a moment`;
  if (undo?.state === "torn") return `${undo_id} was taking ${id} back; ${endWords(undo)}`;
  return `${id} was taken back by ${undo_id}; \`mainstay undo ${undo_id}\` brings it back`;
}
