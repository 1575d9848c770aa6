import { sql } from "kysely";
import type { Row } from "../store/schema.ts";
import type { Statement, Store } from "../store/store.ts";
import type { ApprovalColumns } from "./columns.ts";

/** The writes after which the approvals of a turn say what its journal says; none where they do. */
export async function approvalMends(
  store: Store,
  { id, person_id }: Pick<Row<"turn">, "id" | "person_id">,
  told: readonly ApprovalColumns[],
): Promise<Statement[]> {
  if (told.length === 0) return [];
  const rows = await store.query(
    store.sql.selectFrom("approval").selectAll().where("turn_id", "=", id),
  );
  return told
    .filter(
      (each) =>
        !says(
          rows.find((row) => row.id === each.id),
          each,
        ),
    )
    .map((each) => putApproval(store, person_id, each));
}

/** An approval that expired is told as a denial. */
function says(row: Row<"approval"> | undefined, told: ApprovalColumns): boolean {
  if (row === undefined) return false;
  const state = row.state === "expired" ? "denied" : row.state;
  return state === told.state && kept.every((column) => row[column] === told[column]);
}

const kept = ["step", "call_id", "intent", "command", "command_sha256", "reason"] as const;

function putApproval(
  store: Store,
  person_id: string,
  { decided_by_name, ...told }: ApprovalColumns,
): Statement {
  // A name that nobody has decides nothing: no person stands behind it.
  const decided_by =
    decided_by_name === null
      ? null
      : sql<string>`coalesce((select id from person where name = ${decided_by_name}), ${decided_by_name})`;
  return store.sql
    .insertInto("approval")
    .values({ ...told, person_id, decided_by })
    .onConflict((row) => row.column("id").doUpdateSet({ ...told, person_id, decided_by }))
    .compile();
}
