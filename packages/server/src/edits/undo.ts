import type { Edit } from "@mainstay/sdk/edits";
import { FileRefused } from "../files/files.ts";
import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { Guard, Store } from "../store/store.ts";
import { carryOut, type CarryOutParts } from "./carry-out.ts";
import { editResource, type EditRow, editRows, onRecord, rootOf, standing } from "./edit-rows.ts";
import type { UndoTarget } from "./edits.ts";
import { fileRefusal } from "./refusals.ts";
import { type Gap, takeBack } from "./take-back.ts";
import { notStanding, type Targets, undoTargets } from "./undo-targets.ts";

/** Later edits looked through, and told, when one stands in the way. */
const LATER = 1_000;
const TOLD = 10;

/** Takes back what stands of an edit, a turn or a session, as an edit. @throws as `Edits.undo` */
export async function undo(
  parts: CarryOutParts,
  person: Person,
  target: UndoTarget,
): Promise<Edit> {
  const { store, files } = parts;
  const { edits, intent } = await undoTargets(store, person, target);
  const [first] = edits;
  const root = rootOf(first);
  const { steps, gaps } = takeBack(edits.map(onRecord));
  if (gaps.length > 0) throw await refusal(gapWords(gaps));

  const edit_id = parts.newId("edit");
  const plan = await files.planRestore(root, steps, edit_id).catch(refused);
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
  if (outcome === null) throw notStanding((await noLonger()) ?? first);
  if (outcome.state === "untouched") throw await refusal(outcome.refused ?? outcome.fault);
  const [row] = await store.query(editRows(store).where("edit.id", "=", edit_id));
  return editResource(row!);

  async function refused(fault: unknown): Promise<never> {
    throw fault instanceof FileRefused ? await refusal(fault) : fault;
  }

  /** Somebody may have taken it back meanwhile: then that is the reason. */
  async function refusal(why: FileRefused | string): Promise<Refusal> {
    const gone = await noLonger();
    if (gone !== undefined) return notStanding(gone);
    const later = await laterEdits(store, edits);
    return typeof why === "string"
      ? new Refusal("edit_conflict", [why, ...later].join("\n"))
      : fileRefusal(why, later);
  }

  async function noLonger(): Promise<EditRow | undefined> {
    const now = await store.query(
      editRows(store).where(
        "edit.id",
        "in",
        edits.map(({ id }) => id),
      ),
    );
    return now.find(({ state, undone_by }) => state !== "applied" || undone_by !== null);
  }
}

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

/** Edits that came after these to the same files and stand, a line each, with the way out. */
async function laterEdits(store: Store, edits: Targets): Promise<string[]> {
  const [first] = edits;
  const ids = new Set(edits.map(({ id }) => id));
  const paths = new Set(edits.flatMap((edit) => onRecord(edit).steps).map(({ path }) => path));
  const after = standing(editRows(store))
    .where("edit.workspace_id", "=", first.workspace_id)
    .where("edit.ordinal", ">", first.ordinal);
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

const laterLine = ({ id, intent, turn_id }: EditRow, paths: readonly string[]): string =>
  `${id}${turn_id === null ? "" : ` (${turn_id})`}: ${intent} [${paths.slice(0, TOLD).join(", ")}]`;
