import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { timeOf } from "../kernel/time.ts";
import { prepared } from "../store/prepared.ts";
import type { Row } from "../store/schema.ts";
import type { Statement, Store } from "../store/store.ts";
import type { TrailRow } from "./chain-walk.ts";

/** Rows from a record on, that one included, in their order. */
export const rowsFrom = prepared<{ seq: number; limit: number }, TrailRow>((db, slot) =>
  db
    .selectFrom("audit")
    .select(["seq", "at", "body", "hash"])
    .where("seq", ">=", slot("seq"))
    .orderBy("seq")
    .limit(slot("limit")),
);

export const lastCheckpoint = prepared<object, Row<"audit_checkpoint">>((db) =>
  db.selectFrom("audit_checkpoint").selectAll().orderBy("n", "desc").limit(1),
);

export const checkpointOf = prepared<{ n: number }, Row<"audit_checkpoint">>((db, slot) =>
  db.selectFrom("audit_checkpoint").selectAll().where("n", "=", slot("n")),
);

/** The last one that speaks of the executor's chain. */
export const lastOnExecutor = prepared<object, Row<"audit_checkpoint">>((db) =>
  db
    .selectFrom("audit_checkpoint")
    .selectAll()
    .where("executor_n", "is not", null)
    .orderBy("n", "desc")
    .limit(1),
);

/** Whether another chain of the executor's began after a record. */
export const newChainAfter = prepared<{ seq: number }, { seq: number }>((db, slot) =>
  db
    .selectFrom("audit")
    .select("seq")
    .where("seq", ">", slot("seq"))
    .where("kind", "=", "executor_chain_began")
    .limit(1),
);

/** A checkpoint as the table has it; its number makes it the only one. */
export function checkpointWrite(store: Store, head: AuditHead): Statement {
  const { n, seq, hash, at, executor, signature } = head;
  return store.sql
    .insertInto("audit_checkpoint")
    .values({
      ...{ n, seq, hash, at: timeOf(at), signature },
      executor_n: executor?.n ?? null,
      executor_hash: executor?.hash ?? null,
    })
    .compile();
}
