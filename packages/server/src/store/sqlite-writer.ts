import type { DatabaseSync } from "node:sqlite";
import { StoreFault } from "../kernel/errors.ts";
import { type HighWater, lastJournalRow, openHighWater, refuseLoss } from "./high-water.ts";
import { BUSY_MS, openWriter } from "./sqlite-connection.ts";
import { failureOf } from "./sqlite-fault.ts";
import { type Batch, type BatchOutcome, displaced, groupWriter } from "./sqlite-group.ts";
import { isNewest, probe } from "./sqlite-incarnation.ts";
import { preparedStatements, type Statements } from "./sqlite-statements.ts";
import type { Failure, StoreFailure, WorkerSettings } from "./sqlite-wire.ts";

/**
 * The connection that writes, and its faults.
 *
 * D1 From a fault of the disk until `recover` has succeeded nothing is written or acknowledged.
 * D2 No acknowledgement rests on a page whose sync failed: the kernel calls such a page clean, and
 *    the next fsync says nothing of it. So before the first new commit the whole write-ahead log is
 *    copied into the database, that is synced, and the log cut to nothing.
 * D3 A run of the server that is not the newest writes nothing, not even while it recovers (J2).
 * D4 A checkpoint that fails is a fault of the disk like any other.
 * D5 What is acknowledged is on disk, and then noted in `head_file`. Data that ends before that note
 *    is not recovered on: it would be served as true. A note that fails refuses nobody who is on disk
 *    already; it is a fault for all who come after, until it can be written.
 */
export interface Writer {
  write(batches: readonly Batch[]): BatchOutcome[];
  /** Copies the log into the database where it has grown long. For moments when nobody waits. */
  checkpoint(): void;
  /** Opens the connection, anew where there was one. @throws what the disk said; still broken then. */
  recover(): void;
  close(): void;
}

/** While nothing is written yet nobody waits for another program: reads come before. */
const RECOVERY_BUSY_MS = 100;
/** As SQLite's own checkpoints: about 4 MB of log. It is measured after so many groups. */
const CHECKPOINT_FRAMES = 1_000;
const MEASURE_EVERY_GROUPS = 8;

type Life =
  | {
      readonly state: "writing";
      readonly db: DatabaseSync;
      readonly high_water: HighWater;
      readonly writeGroup: (batches: readonly Batch[]) => BatchOutcome[];
      readonly statements: Statements;
    }
  | { readonly state: "broken"; readonly failure: Failure };

const logLength = { sql: "pragma wal_checkpoint(noop)", parameters: [] };
const copyLog = { sql: "pragma wal_checkpoint(passive)", parameters: [] };

export function createWriter(
  { data_file, head_file, incarnation }: WorkerSettings,
  onBroken: (failure: StoreFailure) => void,
): Writer {
  let life: Life = broken(new StoreFault("the store is not open yet", { cause_kind: "io" }));
  let groups_since_measured = 0;

  function breakWith(found: Failure): void {
    if (!isOfStore(found)) return;
    letGo();
    life = { state: "broken", failure: found };
    onBroken(found);
  }

  function letGo(): void {
    if (life.state === "broken") return;
    life.high_water.close();
    life.db.close();
  }

  function openAnew(): Life {
    const db = openWriter(data_file);
    let high_water: HighWater | null = null;
    try {
      const statements = preparedStatements(db);
      if (!statements.some(isNewest(incarnation))) throw displaced();
      const last = lastRow(statements);
      refuseLoss(head_file, () => last);
      waitFor(db, RECOVERY_BUSY_MS);
      cutLog(db);
      statements.all(probe(incarnation));
      waitFor(db, BUSY_MS);
      high_water = openHighWater(head_file);
      high_water.note(last);
      const writeGroup = groupWriter(db, isNewest(incarnation));
      return { state: "writing", db, high_water, writeGroup, statements };
    } catch (fault) {
      high_water?.close();
      db.close();
      throw fault;
    }
  }

  /** D5. */
  function noteHead(): void {
    if (life.state === "broken") return;
    try {
      life.high_water.note(lastRow(life.statements));
    } catch (fault) {
      breakWith(failureOf(fault));
    }
  }

  return {
    write(batches) {
      if (life.state === "broken") {
        const { failure: same } = life;
        return batches.map(() => same);
      }
      groups_since_measured++;
      const outcomes = life.writeGroup(batches);
      const [first] = outcomes;
      if (first?.ok === false) breakWith(first);
      noteHead();
      return outcomes;
    },
    checkpoint() {
      if (life.state === "broken" || groups_since_measured < MEASURE_EVERY_GROUPS) return;
      groups_since_measured = 0;
      try {
        const { statements } = life;
        const frames = Number(statements.all(logLength)[0]?.["log"]);
        if (frames >= CHECKPOINT_FRAMES) statements.all(copyLog);
      } catch (fault) {
        breakWith(failureOf(fault));
      }
    },
    recover() {
      letGo();
      try {
        life = openAnew();
      } catch (fault) {
        life = broken(fault);
        throw fault;
      }
    },
    close: letGo,
  };
}

const broken = (fault: unknown): Life => ({ state: "broken", failure: failureOf(fault) });

const isOfStore = (found: Failure): found is StoreFailure => found.cause_kind !== null;

const lastRow = (statements: Statements): number =>
  Number(statements.all(lastJournalRow)[0]?.["last"]);

const waitFor = (db: DatabaseSync, most_ms: number): void =>
  db.exec(`pragma busy_timeout = ${most_ms}`);

/** D2. */
function cutLog(db: DatabaseSync): void {
  const found = db.prepare("pragma wal_checkpoint(truncate)").get();
  if (Number(found?.["busy"]) === 0) return;
  throw new StoreFault("another program reads the data and holds its log", { cause_kind: "held" });
}
