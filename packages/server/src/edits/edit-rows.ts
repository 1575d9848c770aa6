import type { Edit } from "@mainstay/sdk/edits";
import type { Person } from "../identity/identity.ts";
import { isoTime } from "../kernel/time.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { editedFiles, recordOf } from "./edit-record.ts";

/** An edit with the folder that it is in. */
export interface EditRow extends Row<"edit"> {
  readonly root_path: string;
  readonly root_ino: string;
  readonly root_owner_uid: number;
}

export const editRows = (store: Store) =>
  store.sql
    .selectFrom("edit")
    .innerJoin("workspace", "workspace.id", "edit.workspace_id")
    .selectAll("edit")
    .select(["workspace.path as root_path", "workspace.ino as root_ino"])
    .select("workspace.owner_uid as root_owner_uid");

/** Of those that a person may see: their own, an admin everybody's. */
export function theirs(store: Store, { id, role }: Pick<Person, "id" | "role">) {
  const rows = editRows(store);
  return role === "admin" ? rows : rows.where("edit.person_id", "=", id);
}

export type EditRows = ReturnType<typeof editRows>;

/** What was applied and is not taken back. */
export const inPlace = (rows: EditRows): EditRows =>
  rows.where("edit.state", "=", "applied").where("edit.undone_by", "is", null);

/** An undo takes others back and is none of these. */
export const standing = (rows: EditRows): EditRows =>
  inPlace(rows).where("edit.origin", "<>", "undo");

export const isStanding = ({ state, undone_by }: EditRow): boolean =>
  state === "applied" && undone_by === null;

export const undoesOf = ({ undoes }: Pick<EditRow, "undoes">): string[] => JSON.parse(undoes);

export const rootOf = (row: EditRow): TurnWorkspace => ({
  ...{ id: row.workspace_id, path: row.root_path },
  ...{ ino: row.root_ino, owner_uid: row.root_owner_uid },
});

export function onRecord({ id, intent, record }: EditRow) {
  const { steps, folders } = recordOf(id, record);
  return { id, intent, steps, folders };
}

export const editResource = (row: EditRow): Edit => ({
  id: row.id,
  person_id: row.person_id,
  workspace_id: row.workspace_id,
  turn_id: row.turn_id,
  session_id: row.session_id,
  origin: row.origin,
  intent: row.intent,
  files: editedFiles(onRecord(row).steps),
  state: row.state,
  fault: row.fault,
  undoes: undoesOf(row),
  undone_by: row.undone_by,
  created_at: isoTime(row.began_at),
  ended_at: row.ended_at === null ? null : isoTime(row.ended_at),
});
