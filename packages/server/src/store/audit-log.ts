import { AuditRecord } from "@mainstay/sdk/audit";
import { sql } from "kysely";
import { NO_RECORD_HASH } from "./audit-hash.ts";
import { prepared } from "./prepared.ts";
import type { Statement, Store } from "./store.ts";

const append = prepared<{ at: number; body: string }>((db, slot) => ({
  compile: () =>
    sql`
    insert into audit (seq, at, body, hash)
    select seq + 1, ${slot("at")}, ${slot("body")},
      audit_hash(hash, seq + 1, ${slot("at")}, ${slot("body")})
    from (select seq, hash from audit union all select 0, ${sql.lit(NO_RECORD_HASH)}
      order by seq desc limit 1)
    where true
    on conflict (command_id, once) where command_id is not null do nothing
    returning seq`.compile(db),
}));

/**
 * The write of one record, to go in the batch of what it records: neither stands without the other.
 * Of a command's intent, and of its result, the first counts; a second one writes nothing. Returns
 * `{seq}` where it was written.
 *
 * @param at wall time in milliseconds
 */
export function auditWrite(store: Store, at: number, record: AuditRecord): Statement {
  return append(store, { at, body: JSON.stringify(AuditRecord.parse(record)) });
}

export type VoidCause = NonNullable<Extract<AuditRecord, { kind: "approval_decided" }>["cause"]>;

const appendVoid = prepared<{ at: number; turn_id: string; cause: VoidCause }>((db, slot) => ({
  compile: () =>
    sql`
    insert into audit (seq, at, body, hash)
    select seq + 1, ${slot("at")}, body, audit_hash(hash, seq + 1, ${slot("at")}, body)
    from (select seq, hash from audit union all select 0, ${sql.lit(NO_RECORD_HASH)}
        order by seq desc limit 1),
      (select json_object('kind', 'approval_decided', 'approval_id', id, 'person_id', person_id,
          'decision', 'void', 'decided_by', null, 'cause', ${slot("cause")}) as body
        from approval where turn_id = ${slot("turn_id")} and state = 'pending' limit 1)`.compile(
      db,
    ),
}));

/**
 * As `auditWrite`, of the approval that the turn waits for as of this place in the batch: that
 * nobody decides it any more. Writes nothing where it waits for none.
 */
export const auditVoid = (
  store: Store,
  of: { readonly turn_id: string; readonly at: number; readonly cause: VoidCause },
): Statement => appendVoid(store, of);
