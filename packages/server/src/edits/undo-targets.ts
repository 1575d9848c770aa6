import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { Store } from "../store/store.ts";
import {
  type EditRow,
  type EditRows,
  isStanding,
  standing,
  theirs,
  undoesOf,
} from "./edit-rows.ts";
import type { UndoTarget } from "./edits.ts";

/** More at once would be an undo that nobody can oversee. */
const EDITS = 1_000;

/**
 * The edits that an undo takes back, in the order in which they were done, and what it is called.
 *
 * An undo is taken back like an edit: what it took back stands again. An undo of that is one of those
 * edits themselves.
 *
 * @throws Refusal
 */
export async function undoTargets(
  store: Store,
  person: Person,
  target: UndoTarget,
): Promise<{ readonly edits: readonly [EditRow, ...EditRow[]]; readonly intent: string }> {
  const mine = theirs(store, person);
  if ("edit_id" in target) return oneEdit(target.edit_id);
  const [what, id] =
    "turn_id" in target
      ? (["turn", target.turn_id] as const)
      : (["session", target.session_id] as const);
  await refuseUnknown(what, id);
  const rows = mine.where(`edit.${what}_id`, "=", id);
  const [busy] = await store.query(rows.where("edit.state", "=", "running").limit(1));
  if (busy !== undefined) throw isBusy(busy.id);
  return { edits: await allOf(rows, `this ${what}`), intent: `undo of ${what} ${id}` };

  async function oneEdit(edit_id: string) {
    const [row] = await store.query(mine.where("edit.id", "=", edit_id));
    if (row === undefined) throw new Refusal("not_found", "There is no such edit of yours.");
    if (!isStanding(row)) throw notStanding(row);
    const again = row.origin === "undo" ? await broughtBack(row) : [];
    if (again.length === 0)
      return { edits: [row] as const, intent: `undo of ${edit_id}: ${row.intent}` };
    const rows = mine.where("edit.id", "in", again);
    return { edits: await allOf(rows, edit_id), intent: `undo of ${edit_id}: ${row.intent}` };
  }

  /** Of the undo of an undo: the edits that it made stand again. */
  async function broughtBack(row: EditRow): Promise<string[]> {
    const undone = await store.query(mine.where("edit.id", "in", undoesOf(row)));
    return undone.filter(({ origin }) => origin === "undo").flatMap(undoesOf);
  }

  async function allOf(rows: EditRows, of: string) {
    const found = standing(rows).orderBy("edit.ordinal");
    const [first, ...rest] = await store.query(found.limit(EDITS + 1));
    if (first === undefined)
      throw new Refusal("nothing_to_undo", `Of ${of} no edit stands: there is nothing to undo.`);
    if (rest.length >= EDITS)
      throw new Refusal(
        "edit_conflict",
        `More than ${EDITS} edits of ${of} stand. Take back its turns one by one, the newest first.`,
      );
    return [first, ...rest] as const;
  }

  async function refuseUnknown(what: "turn" | "session", id: string): Promise<void> {
    const [row] = await store.query(
      store.sql.selectFrom(what).select("person_id").where("id", "=", id),
    );
    if (row !== undefined && (row.person_id === person.id || person.role === "admin")) return;
    throw new Refusal("not_found", `There is no such ${what} of yours.`);
  }
}

const isBusy = (edit_id: string): Refusal =>
  new Refusal(
    "edit_conflict",
    `${edit_id} is being done right now; nothing was taken back. Ask again in a moment.`,
  );

export function notStanding({ id, state, undone_by, fault }: EditRow): Refusal {
  if (state === "running") return isBusy(id);
  const why =
    state === "applied"
      ? `it was taken back by ${undone_by}; \`mainstay undo ${undone_by}\` brings it back`
      : state === "untouched"
        ? "it changed nothing"
        : `neither all nor none of it stands, and making it whole is tried again: ${fault}`;
  return new Refusal("edit_not_standing", `${id} does not stand: ${why}.`);
}
