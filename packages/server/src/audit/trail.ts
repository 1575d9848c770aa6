import { prepared } from "../store/prepared.ts";
import type { Row } from "../store/schema.ts";
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
