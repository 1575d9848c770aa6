import type { DatabaseSync } from "node:sqlite";
import type { Row } from "../store/schema.ts";
import type { TrailRow } from "./chain-walk.ts";

const SLICE = 5_000;

/**
 * All rows of the trail in their order, each slice a read of its own: one that took longer would keep
 * a server from cutting its log.
 */
export function* trailRows(db: DatabaseSync): Generator<TrailRow> {
  const after = db.prepare(
    "select seq, at, body, hash from audit where seq > ? order by seq limit ?",
  );
  after.setReturnArrays(true);
  let last = 0;
  for (;;) {
    const rows = after.all(last, SLICE) as unknown as Columns[];
    for (const [seq, at, body, hash] of rows) yield { seq, at, body, hash };
    if (rows.length < SLICE) return;
    last = rows.at(-1)![0];
  }
}

/** Of a row: as an object that SQLite makes it takes twice as long to read. */
type Columns = [seq: number, at: number, body: string, hash: string];

export interface Checkpoints {
  /** Number of the last one. */
  readonly last: number;
  readonly rows: Iterable<Row<"audit_checkpoint">>;
}

/** The checkpoints that are there when this is called; their rows are read as they are asked for. */
export function checkpointsOf(db: DatabaseSync): Checkpoints {
  const last = Number(db.prepare("select max(n) as n from audit_checkpoint").get()?.["n"] ?? 0);
  return { last, rows: checkpointRows(db, last) };
}

function* checkpointRows(db: DatabaseSync, through: number): Generator<Row<"audit_checkpoint">> {
  const after = db.prepare(
    "select * from audit_checkpoint where n > ? and n <= ? order by n limit ?",
  );
  let last = 0;
  for (;;) {
    const rows = after.all(last, through, SLICE) as unknown as Row<"audit_checkpoint">[];
    yield* rows;
    if (rows.length < SLICE) return;
    last = rows.at(-1)!.n;
  }
}
