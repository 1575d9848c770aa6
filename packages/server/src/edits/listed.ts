import type { Edit, EditsFilter } from "@mainstay/sdk/edits";
import { sql } from "kysely";
import type { Person } from "../identity/identity.ts";
import { type Order, type Page, pageOf, type PageWish } from "../store/page.ts";
import type { Store } from "../store/store.ts";
import { editResource, type EditRow, standing, theirs } from "./edit-rows.ts";

/** A page of the edits that a person may see, the newest first. */
export async function editsPage(
  store: Store,
  person: Person,
  { turn_id, session_id, workspace_id, standing: only_standing }: EditsFilter,
  page: PageWish,
): Promise<Page<Edit>> {
  let rows = theirs(store, person);
  if (turn_id !== undefined) rows = rows.where("edit.turn_id", "=", turn_id);
  if (session_id !== undefined) rows = rows.where("edit.session_id", "=", session_id);
  if (workspace_id !== undefined) rows = rows.where("edit.workspace_id", "=", workspace_id);
  if (only_standing) rows = standing(rows);
  const { items, next } = await pageOf(store, rows, newest, page);
  return { items: items.map(editResource), next };
}

const newest: Order<EditRow> = {
  direction: "desc",
  columns: [sql.ref("edit.ordinal")],
  keysOf: ({ ordinal }) => [ordinal],
};
