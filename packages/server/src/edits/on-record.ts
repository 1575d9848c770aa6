import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { EditRecord } from "../files/files.ts";
import { auditWrite } from "../store/audit-log.ts";
import { recordText } from "../store/edit-record.ts";
import { prepared } from "../store/prepared.ts";
import type { Row } from "../store/schema.ts";
import type { Statement, Store } from "../store/store.ts";

type EditRow = Row<"edit">;

/** An edit that is about to be done. */
export interface NewEdit extends Pick<
  EditRow,
  "turn_id" | "session_id" | "step" | "call_id" | "person_id" | "workspace_id" | "origin" | "intent"
> {
  readonly record: EditRecord;
  /** Of an undo: the edits that it takes back, and whose word it was. */
  readonly undoes: readonly string[];
  readonly undone_by?: string;
}

/** How an edit ended, or stands after an interruption. */
export interface Ended {
  readonly edit_id: string;
  readonly person_id: string;
  readonly state: Exclude<EditRow["state"], "running">;
  readonly fault: string | null;
}

/** Row and intent, for one batch; durable before a file is touched. Reserves what an undo takes back. */
export function beganWrites(store: Store, at: number, edit: NewEdit): Statement[] {
  const { record, undoes, undone_by, ...who } = edit;
  const { edit_id, steps } = record;
  const { person_id, workspace_id, origin, turn_id } = who;
  return [
    insertEdit(store, {
      ...{ id: edit_id, ...who, began_at: at },
      ...{ record: recordText(record), undoes: JSON.stringify(undoes) },
    }),
    ...(undoes.length === 0 ? [] : [reserve(store, edit_id, undoes)]),
    auditWrite(store, at, {
      ...{ kind: "edit_intent", edit_id, person_id, workspace_id, origin, turn_id },
      ...(undone_by !== undefined && { undone_by, undoes: [...undoes] }),
      files: steps.map(({ path, before, after }) => ({
        path_sha256: createHash("sha256").update(path).digest("hex"),
        before_sha256: before?.sha256 ?? null,
        after_sha256: after?.sha256 ?? null,
      })),
    }),
  ];
}

/** Row and result, for one batch. What an undo took back stands again where the undo came to nothing. */
export function endedWrites(store: Store, at: number, ended: Ended): Statement[] {
  const { edit_id, person_id, state, fault } = ended;
  return [
    endEdit(store, { id: edit_id, state, fault, at }),
    ...(state === "applied" ? [standAgain(store, { id: edit_id })] : []),
    ...(state === "untouched" ? [release(store, { id: edit_id })] : []),
    auditWrite(store, at, { kind: "edit_result", edit_id, person_id, outcome: state }),
  ];
}

type Inserted = Omit<EditRow, "ordinal" | "state" | "fault" | "ended_at" | "undone_by">;

/** An edit of a turn is one of the turn's session. */
const insertEdit = prepared<Inserted>((db, slot) => ({
  compile: () =>
    sql`
    insert into edit (id, ordinal, turn_id, session_id, step, call_id, person_id, workspace_id,
      origin, intent, record, undoes, began_at, state)
    select ${slot("id")}, coalesce(max(ordinal), 0) + 1, ${slot("turn_id")},
      coalesce(${slot("session_id")}, (select session_id from turn where id = ${slot("turn_id")})),
      ${slot("step")}, ${slot("call_id")}, ${slot("person_id")}, ${slot("workspace_id")},
      ${slot("origin")}, ${slot("intent")}, ${slot("record")}, ${slot("undoes")},
      ${slot("began_at")}, 'running'
    from edit`.compile(db),
}));

const reserve = (store: Store, edit_id: string, undoes: readonly string[]): Statement =>
  store.sql
    .updateTable("edit")
    .set({ undone_by: edit_id })
    .where("id", "in", undoes)
    .where("undone_by", "is", null)
    .compile();

const endEdit = prepared<{ id: string; state: string; fault: string | null; at: number }>(
  (db, slot) => ({
    compile: () =>
      sql`
    update edit set state = ${slot("state")}, fault = ${slot("fault")}, ended_at = ${slot("at")}
    where id = ${slot("id")} and state in ('running', 'torn')`.compile(db),
  }),
);

/** What an undo had taken back that is now taken back itself. */
const standAgain = prepared<{ id: string }>((db, slot) => ({
  compile: () =>
    sql`
    update edit set undone_by = null where undone_by in
      (select id from edit where undone_by = ${slot("id")} and origin = 'undo')`.compile(db),
}));

const release = prepared<{ id: string }>((db, slot) => ({
  compile: () => sql`update edit set undone_by = null where undone_by = ${slot("id")}`.compile(db),
}));
