import type { DatabaseSync } from "node:sqlite";
import type { Statement } from "./store.ts";

/**
 * Which run of the server may write the data, told by the data itself (J2). The folder's lock keeps a
 * second server out; this also holds where the lock was deleted under a holder that was only stopped.
 */
export function raiseIncarnation(db: DatabaseSync, at_least: number): number {
  const raised = db
    .prepare(
      `insert into server_run values (1, ?) on conflict (one) do update
       set incarnation = max(incarnation + 1, excluded.incarnation) returning incarnation`,
    )
    .get(at_least);
  return Number(raised?.["incarnation"]);
}

/** Has a row while no newer run has opened the data. */
export const isNewest = (incarnation: number): Statement => ({
  sql: "select 1 from server_run where incarnation = ?",
  parameters: [incarnation],
});

/** Changes nothing, durably: shows that the disk takes a commit. */
export const probe = (incarnation: number): Statement => ({
  sql: "update server_run set incarnation = incarnation where incarnation = ?",
  parameters: [incarnation],
});
