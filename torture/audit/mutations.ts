/**
 * What somebody may do to a trail, from a slip of the hand to a forger who has the key. Each changes the
 * files of a home with numbers from a seed, and says what it did.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { chainHash } from "@mainstay/executor/chain-record";
import { headOf, signHead } from "../../packages/server/src/audit/head.ts";
import type { Row } from "../../packages/server/src/store/schema.ts";
import { auditHash, NO_RECORD_HASH } from "../../packages/server/src/store/audit-hash.ts";
import type { Trail } from "./trail.ts";

type Random = () => number;
type TrailRow = { seq: number; at: number; body: string; hash: string };

/** Whether MAINSTAY_HOME alone shows it; `often` where that rests on what the executor saw of it. */
export type FoundWithoutHead = "always" | "often" | "never";

export interface Mutation {
  readonly name: string;
  readonly found_without_head: FoundWithoutHead;
  readonly apply: (home: string, random: Random, trail: Trail) => void;
}

const pick = (random: Random, from: number, to: number): number =>
  from + Math.floor(random() * (to - from + 1));

function inTrail(home: string, change: (db: DatabaseSync, last: number) => void): void {
  const db = new DatabaseSync(join(home, "mainstay.db"));
  // Who changes a file leaves out what the schema would say to it.
  db.exec("pragma ignore_check_constraints = on; begin");
  change(db, Number(db.prepare("select max(seq) as last from audit").get()!["last"]));
  db.exec("commit");
  db.close();
}

const rowOf = (db: DatabaseSync, seq: number): TrailRow =>
  db.prepare("select seq, at, body, hash from audit where seq = ?").get(seq) as TrailRow;

const put = (db: DatabaseSync, { seq, at, body, hash }: TrailRow): unknown =>
  db
    .prepare("insert or replace into audit (seq, at, body, hash) values (?, ?, ?, ?)")
    .run(seq, at, body, hash);

/** Another character in one place of a text. */
function flipped(text: string, random: Random): string {
  const at = pick(random, 0, text.length - 1);
  const other = String.fromCharCode(33 + ((text.charCodeAt(at) - 33 + pick(random, 1, 90)) % 94));
  return text.slice(0, at) + other + text.slice(at + 1);
}

function changeRow(change: (row: TrailRow, random: Random) => TrailRow): Mutation["apply"] {
  return (home, random) =>
    inTrail(home, (db, last) => {
      const row = rowOf(db, pick(random, 1, last));
      const changed = change(row, random);
      db.prepare("update audit set at = ?, body = ?, hash = ? where seq = ?").run(
        ...[changed.at, changed.body, changed.hash, row.seq],
      );
    });
}

/** Another decider, or another time: nothing that the executor would know better. */
function forged(row: TrailRow): TrailRow {
  const body = row.body.replace(/"(agreed_by|decided_by|person_id)":"[^"]*"/, '"$1":"person_x"');
  return { ...row, body, at: row.at + 1 };
}

/** The records from `seq` on chained anew, the first of them forged. Returns the rows. */
function rewriteFrom(db: DatabaseSync, seq: number, last: number): TrailRow[] {
  let previous = seq === 1 ? NO_RECORD_HASH : rowOf(db, seq - 1).hash;
  const rows: TrailRow[] = [];
  for (let n = seq; n <= last; n++) {
    const row = n === seq ? forged(rowOf(db, n)) : rowOf(db, n);
    previous = auditHash(previous, n, row.at, row.body);
    rows.push({ ...row, hash: previous });
  }
  for (const row of rows) put(db, row);
  return rows;
}

const checkpointsFrom = (db: DatabaseSync, seq: number) =>
  db
    .prepare("select * from audit_checkpoint where seq >= ? order by n")
    .all(seq) as unknown as Row<"audit_checkpoint">[];

const dropCheckpointsFrom = (db: DatabaseSync, seq: number): unknown =>
  db.prepare("delete from audit_checkpoint where seq >= ?").run(seq);

/** The checkpoints of a rewritten tail, signed by `key`; answers with the last as a head. */
function signAnew(db: DatabaseSync, rows: readonly TrailRow[], key: KeyObject) {
  const heads = checkpointsFrom(db, rows[0]!.seq).map((row) => {
    const { n, seq, at, executor } = headOf(row, "A".repeat(43))!;
    const { hash } = rows.find((record) => record.seq === seq)!;
    return signHead({ n, seq, hash, at, executor }, key);
  });
  for (const { n, hash, signature } of heads)
    db.prepare("update audit_checkpoint set hash = ?, signature = ? where n = ?").run(
      ...[hash, signature, n],
    );
  return heads.at(-1);
}

const note = (home: string, head: object): void =>
  writeFileSync(join(home, "audit.head"), JSON.stringify(head));

const ownKey = (home: string): KeyObject =>
  createPrivateKey(readFileSync(join(home, "audit.key"), "utf8"));

const flipBits = (name: string) => (home: string, random: Random) => {
  const file = join(home, name);
  const bytes = readFileSync(file);
  const at = pick(random, 0, bytes.length - 1);
  bytes[at]! ^= 1 << pick(random, 0, 7);
  writeFileSync(file, bytes);
};

const EXECUTOR_FILE = join("exec", "exec.db");

/** What the executor kept, by whoever can write its file; `pick`ed from 1 to the last. */
function inChain(home: string, change: (db: DatabaseSync, last: number) => void): void {
  const db = new DatabaseSync(join(home, EXECUTOR_FILE));
  db.exec("begin");
  change(db, Number(db.prepare("select max(n) as last from chain").get()!["last"]));
  db.exec("commit");
  db.close();
}

/** The chain from a record on with another time, and hashed anew. */
function rechain(db: DatabaseSync, from: number, last: number): void {
  const read = db.prepare("select at, body, hash from chain where n = ?");
  const write = db.prepare("update chain set at = ?, hash = ? where n = ?");
  let previous = from === 1 ? NO_RECORD_HASH : String(read.get(from - 1)!["hash"]);
  for (let n = from; n <= last; n++) {
    const { at, body } = read.get(n) as { at: number; body: string };
    const later = n === from ? at + 1 : at;
    previous = chainHash(previous, n, later, body);
    write.run(later, previous, n);
  }
}

export const mutations: readonly Mutation[] = [
  {
    name: "a character of a record",
    found_without_head: "always",
    apply: changeRow((row, random) => ({ ...row, body: flipped(row.body, random) })),
  },
  {
    name: "a character of a hash",
    found_without_head: "always",
    apply: changeRow((row, random) => ({ ...row, hash: flipped(row.hash, random) })),
  },
  {
    name: "the time of a record",
    found_without_head: "always",
    apply: changeRow((row, random) => ({ ...row, at: row.at + pick(random, 1, 1e9) })),
  },
  {
    name: "records taken out",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db, last) => {
        const from = pick(random, 1, last - 1);
        const to = Math.min(last - 1, from + pick(random, 0, 3));
        db.prepare("delete from audit where seq between ? and ?").run(from, to);
      }),
  },
  {
    name: "two records swapped",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db, last) => {
        const one = rowOf(db, pick(random, 1, last - 1));
        const other = rowOf(db, pick(random, one.seq + 1, last));
        db.prepare("delete from audit where seq in (?, ?)").run(one.seq, other.seq);
        put(db, { ...one, seq: other.seq });
        put(db, { ...other, seq: one.seq });
      }),
  },
  {
    name: "the end cut off",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db, last) =>
        db.prepare("delete from audit where seq > ?").run(last - pick(random, 1, last)),
      ),
  },
  {
    name: "the end cut off with its checkpoints",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db, last) => {
        const kept = last - pick(random, 1, last);
        db.prepare("delete from audit where seq > ?").run(kept);
        dropCheckpointsFrom(db, kept + 1);
      }),
  },
  {
    name: "the end cut off with its checkpoints, audit.head put back",
    found_without_head: "often",
    apply: (home, random, { earlier }) => {
      inTrail(home, (db, last) => {
        const kept = pick(random, earlier.seq, last - 1);
        db.prepare("delete from audit where seq > ?").run(kept);
        db.prepare("delete from audit_checkpoint where n > ?").run(earlier.n);
      });
      note(home, earlier);
    },
  },
  {
    name: "rewritten and chained anew",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db, last) => void rewriteFrom(db, pick(random, 1, last), last)),
  },
  {
    name: "rewritten and chained anew, later checkpoints gone",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db, last) => {
        const from = pick(random, 1, last);
        rewriteFrom(db, from, last);
        dropCheckpointsFrom(db, from);
      }),
  },
  {
    name: "rewritten and chained anew, signed by another key",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db, last) => {
        const rows = rewriteFrom(db, pick(random, 1, last), last);
        const head = signAnew(db, rows, generateKeyPairSync("ed25519").privateKey);
        if (head !== undefined) note(home, head);
      }),
  },
  {
    name: "rewritten and chained anew, later checkpoints gone, audit.head put back",
    found_without_head: "never",
    apply: (home, random, { earlier }) => {
      inTrail(home, (db, last) => {
        rewriteFrom(db, pick(random, earlier.seq + 1, last), last);
        db.prepare("delete from audit_checkpoint where n > ?").run(earlier.n);
      });
      note(home, earlier);
    },
  },
  {
    name: "rewritten by who has audit.key",
    found_without_head: "never",
    apply: (home, random) =>
      inTrail(home, (db, last) => {
        const rows = rewriteFrom(db, pick(random, 1, last), last);
        note(home, signAnew(db, rows, ownKey(home))!);
      }),
  },
  {
    name: "a checkpoint changed",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db) => {
        const rows = checkpointsFrom(db, 0);
        const { n, signature } = rows[pick(random, 0, rows.length - 1)]!;
        const column = ["seq = seq - 1", "at = at + 1", "executor_n = executor_n + 1"];
        const change = column[pick(random, 0, column.length)];
        if (change !== undefined) db.exec(`update audit_checkpoint set ${change} where n = ${n}`);
        else
          db.prepare("update audit_checkpoint set signature = ? where n = ?").run(
            ...[flipped(signature, random), n],
          );
      }),
  },
  {
    name: "a checkpoint taken out",
    found_without_head: "always",
    apply: (home, random) =>
      inTrail(home, (db) => {
        const rows = checkpointsFrom(db, 0);
        const { n } = rows[pick(random, 0, rows.length - 1)]!;
        db.exec(`delete from audit_checkpoint where n = ${n}`);
      }),
  },
  {
    name: "a character of audit.head",
    found_without_head: "always",
    apply: (home, random) => {
      const text = readFileSync(join(home, "audit.head"), "utf8").trimEnd();
      writeFileSync(join(home, "audit.head"), flipped(text, random));
    },
  },
  { name: "a bit of mainstay.db", found_without_head: "always", apply: flipBits("mainstay.db") },
  {
    name: "mainstay.db cut off",
    found_without_head: "always",
    apply: (home, random) => {
      const file = join(home, "mainstay.db");
      truncateSync(file, pick(random, 0, readFileSync(file).length - 1));
    },
  },
  {
    name: "a character of a record of the executor's",
    found_without_head: "always",
    apply: (home, random) =>
      inChain(home, (db, last) => {
        const n = pick(random, 1, last);
        const body = String(db.prepare("select body from chain where n = ?").get(n)!["body"]);
        db.prepare("update chain set body = ? where n = ?").run(flipped(body, random), n);
      }),
  },
  {
    name: "records of the executor's taken out",
    found_without_head: "always",
    apply: (home, random) =>
      inChain(home, (db, last) => {
        const from = pick(random, 1, last);
        const to = from + pick(random, 0, last);
        db.prepare("delete from chain where n between ? and ?").run(from, to);
      }),
  },
  {
    name: "the executor's chain rewritten and chained anew",
    found_without_head: "always",
    apply: (home, random) => inChain(home, (db, last) => rechain(db, pick(random, 1, last), last)),
  },
  { name: "a bit of exec.db", found_without_head: "always", apply: flipBits(EXECUTOR_FILE) },
  {
    name: "exec.db taken away",
    found_without_head: "always",
    apply: (home) => rmSync(join(home, EXECUTOR_FILE)),
  },
];
