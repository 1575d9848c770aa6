import type { Edit } from "@mainstay/sdk/edits";
import { sql } from "kysely";
import { FileRefused, type FileStep } from "../files/files.ts";
import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { Guard, Store } from "../store/store.ts";
import type { NewId } from "../kernel/ids.ts";
import { carryOut, type CarryOutParts, editAs } from "./carry-out.ts";
import { type EditRow, editRows, inPlace, onRecord, rootOf } from "./edit-rows.ts";
import type { UndoTarget } from "./edits.ts";
import { fileRefusal, untouchedRefusal } from "./refusals.ts";
import { type Gap, takeBack } from "./take-back.ts";
import { refuseGone, type Targets, undoTargets } from "./undo-targets.ts";

/** Later edits looked through, and told, when one stands in the way. */
const LATER = 1_000;
const TOLD = 10;

export interface UndoParts extends CarryOutParts {
  readonly newId: NewId;
}

/** Takes back what stands of an edit, a turn or a session, as an edit. @throws as `Edits.undo` */
export async function undo(parts: UndoParts, person: Person, target: UndoTarget): Promise<Edit> {
  const { store, files } = parts;
  const { edits, intent } = await undoTargets(store, person, target);
  const [first] = edits;
  const root = rootOf(first);
  const done = edits.map(onRecord);
  const { steps, gaps } = takeBack(done);
  if (gaps.length > 0) throw await refusal(new Refusal("edit_conflict", gapWords(gaps)));

  const edit_id = parts.newId("edit");
  const folders = done.flatMap((edit) => edit.folders);
  const plan = await files.planRestore(root, { steps, folders }, edit_id).catch(refused);
  const undoes = edits.map(({ id }) => id);
  const outcome = await carryOut(
    parts,
    {
      ...{ turn_id: null, step: null, call_id: null, origin: "undo", intent },
      ...{ session_id: sessionOf(edits), person_id: first.person_id },
      ...{ workspace_id: first.workspace_id, undoes, undone_by: person.id },
    },
    root,
    plan,
    [allStand(store, undoes)],
  );
  if (outcome === null) throw await refusal(cameToNothing(undoes));
  if (outcome.state === "untouched") throw await refusal(untouchedRefusal(outcome));
  return editAs(store, edit_id, outcome);

  async function refused(fault: unknown): Promise<never> {
    if (!(fault instanceof FileRefused)) throw fault;
    throw await refusal(fault.fault === "too_many" ? tooLarge(edits, steps) : fileRefusal(fault));
  }

  /** Somebody may have taken it back meanwhile: then that is the reason. */
  async function refusal(why: Refusal): Promise<Refusal> {
    await refuseGone(store, edits);
    if (why.code !== "edit_conflict") return why;
    return new Refusal(why.code, [why.message, ...(await laterEdits(store, edits))].join("\n"));
  }
}

const tooLarge = (edits: Targets, steps: readonly FileStep[]): Refusal =>
  new Refusal(
    "undo_too_large",
    `${edits.length} edits of ${steps.length} files are more than one undo takes back. ` +
      "Take them back edit by edit, or turn by turn, the newest first.",
  );

const cameToNothing = (ids: readonly string[]): Refusal =>
  new Refusal(
    "edit_not_standing",
    `Another undo of ${ids.slice(0, TOLD).join(", ")} was being done and came to nothing. Ask again.`,
  );

/** The session of all of them; null where they are of several. */
function sessionOf([{ session_id }, ...rest]: Targets): string | null {
  return rest.every((edit) => edit.session_id === session_id) ? session_id : null;
}

const allStand = (store: Store, ids: readonly string[]): Guard => ({
  name: "standing",
  expect: "none",
  query: store.sql
    .selectFrom("edit")
    .select("id")
    .where("id", "in", ids)
    .where((of) => of.or([of("state", "<>", "applied"), of("undone_by", "is not", null)]))
    .compile(),
});

const gapWords = (gaps: readonly Gap[]): string =>
  [
    "Nothing was taken back: something that is none of these edits changed files between them, and that would be lost.",
    ...gaps
      .slice(0, TOLD)
      .map(({ path, after, before }) => `${path}: changed between ${after.id} and ${before.id}`),
    `Take back ${gaps.at(-1)!.before.id} alone, look at the files, then go on with the edits before it.`,
  ].join("\n");

/**
 * Edits that came after these to the same files and are in place, a line each, with the way out. Undos,
 * too, but of what came after these: that is as if neither had been.
 */
async function laterEdits(store: Store, edits: Targets): Promise<string[]> {
  const [first] = edits;
  const ids = new Set(edits.map(({ id }) => id));
  const paths = new Set(edits.flatMap((edit) => onRecord(edit).steps).map(({ path }) => path));
  const after = inPlace(editRows(store))
    .where("edit.workspace_id", "=", first.workspace_id)
    .where("edit.ordinal", ">", first.ordinal)
    .where((of) => of.or([of("edit.origin", "<>", "undo"), undoesOneUpTo(first.ordinal)]));
  const rows = await store.query(after.orderBy("edit.ordinal", "desc").limit(LATER));
  const found = rows
    .filter(({ id }) => !ids.has(id))
    .map((row) => ({
      row,
      touched: onRecord(row)
        .steps.map(({ path }) => path)
        .filter((path) => paths.has(path)),
    }))
    .filter(({ touched }) => touched.length > 0);
  if (found.length === 0) return [];
  const told = found.slice(0, TOLD).map(({ row, touched }) => laterLine(row, touched));
  const more = found.length - told.length;
  return [
    "Later edits of these files, the newest first; take them back first:",
    ...told,
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

const undoesOneUpTo = (ordinal: number) =>
  sql<boolean>`exists (select 1 from json_each(edit.undoes) as undone
    join edit as older on older.id = undone.value where older.ordinal <= ${ordinal})`;

const laterLine = ({ id, intent, turn_id }: EditRow, paths: readonly string[]): string =>
  `${id}${turn_id === null ? "" : ` (${turn_id})`}: ${intent} [${paths.slice(0, TOLD).join(", ")}]`;
