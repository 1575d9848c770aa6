/** The executor's own chain: what is in it, what is found when it was touched, what is dropped. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import {
  CHAIN_KEPT_RECORDS,
  CHAIN_START,
  ChainRecord,
  isCutShort,
  verifyChain,
} from "../src/chain-record.ts";
import type { CommandEnd } from "../src/command.ts";
import { openChain } from "../src/ledger/chain.ts";
import { openLedger } from "../src/ledger/ledger.ts";
import { readChain } from "../src/read-chain.ts";
import { refusalOf } from "../src/refused-ticket.ts";
import { planDigest } from "../src/ticket.ts";
import { flipByte } from "./bytes.ts";
import { scratchHome, ticketFor } from "./scratch.ts";

const NOW = Date.UTC(2026, 10, 22);
const refused = refusalOf({ plan: { command_id: "c" } }, "expired");
const exited: CommandEnd = {
  ...{ outcome: "exited", exit_code: 3, signal: null, timed_out: false, cancelled: false },
  ...{ exceeded: null, network: [], duration_ms: 1, output: "", output_bytes: 0, notices: [] },
  ...{ output_sha256: "a".repeat(64), output_truncated: false },
  ...{ plan_digest: "b".repeat(64), sandbox: "bubblewrap" },
};

/** A chain of `count` refusals in memory. */
function openRows(count: number, kept = 1_000_000) {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  db.exec("CREATE TABLE chain (n INTEGER PRIMARY KEY, at INTEGER, body TEXT, hash TEXT) STRICT");
  const chain = openChain(db, kept);
  db.exec("BEGIN");
  for (let n = 1; n <= count; n += 1) chain.append(NOW + n, refused);
  db.exec("COMMIT");
  return { db, chain };
}

async function homeWith(commands: number): Promise<string> {
  const home = scratchHome();
  const ledger = openLedger(home, NOW);
  for (let count = 1; count <= commands; count += 1) {
    await ledger.start(ticketFor(`c-${count}`, NOW + 60_000), NOW);
    await ledger.end(`c-${count}`, exited, NOW + 1);
  }
  ledger.close();
  return home;
}

const file = (home: string) => join(home, "exec", "exec.db");

test("a start, an end and a refusal each leave a record that the next follows on", async () => {
  const home = scratchHome();
  const ledger = openLedger(home, NOW);
  const ticket = ticketFor("c-1", NOW + 60_000);
  const { plan } = ticket;
  await Promise.all([ledger.start(ticket, NOW), ledger.refuse(refused, NOW + 1)]);
  await ledger.end("c-1", exited, NOW + 2);
  await ledger.start(ticketFor("c-2", NOW + 60_000), NOW + 3);
  await ledger.end("c-2", { outcome: "interrupted", ran: "maybe", why: "it died" }, NOW + 4);
  const unseen = { plan_digest: null, exit_code: null, output_sha256: null };
  const seen = { plan_digest: "b".repeat(64), exit_code: 3, output_sha256: "a".repeat(64) };
  const records = ledger.chain(0, 10);
  expect(records.map(({ hash: _, ...said }) => said)).toEqual([
    {
      ...{ n: 1, at: NOW, kind: "started", command_id: "c-1", consent_kind: "policy" },
      plan_digest: planDigest(plan),
    },
    { n: 2, at: NOW + 1, ...refused },
    { n: 3, at: NOW + 2, kind: "ended", command_id: "c-1", outcome: "exited", ...seen },
    expect.objectContaining({ n: 4, kind: "started", command_id: "c-2" }),
    { n: 5, at: NOW + 4, kind: "ended", command_id: "c-2", outcome: "interrupted", ...unseen },
  ]);
  expect(records.every((record) => ChainRecord.safeParse(record).success)).toBe(true);
  expect(verifyChain(records)).toMatchObject({ ok: true, head: { n: 5, dropped: 0 } });
  expect([ledger.chain(2, 2).map(({ n }) => n), ledger.chain(5, 9)]).toEqual([[3, 4], []]);
  expect(readChain(home, 0)).toBeNull(); // its executor runs
  ledger.close();
  expect(readChain(home, 0)).toEqual(records);
  expect(readChain(join(home, "nowhere"), 0)).toEqual([]);
});

test("a second end, and the end of a row that is not found, are no records", async () => {
  const home = await homeWith(1);
  const ledger = openLedger(home, NOW);
  await ledger.end("c-1", exited, NOW);
  await ledger.end("unheard-of", exited, NOW);
  expect(ledger.chain(0, 10)).toHaveLength(2);
  ledger.close();
});

test("what a crash left in the log can be read, page by page", async () => {
  const home = scratchHome();
  const crashed = openLedger(home, NOW);
  await Promise.all(Array.from({ length: 1_500 }, () => crashed.refuse(refused, NOW)));
  const copy = scratchHome();
  mkdirSync(join(copy, "exec"));
  for (const name of ["exec.db", "exec.db-wal"]) {
    copyFileSync(join(home, "exec", name), join(copy, "exec", name));
  }
  crashed.close();
  const [first, second] = [readChain(copy, 0)!, readChain(copy, 1_000)!];
  expect([first.length, second.length]).toEqual([1_000, 500]);
  const verified = verifyChain(first);
  expect(verified).toMatchObject({ ok: true, head: { n: 1_000 } });
  expect(verified.ok && verifyChain(second, verified.head)).toMatchObject({ head: { n: 1_500 } });
});

test("without its record there is no marker, and without its marker no record", async () => {
  const home = await homeWith(1);
  const touched = new DatabaseSync(file(home));
  touched.exec(`CREATE TRIGGER full BEFORE INSERT ON chain WHEN NEW.n > 2
    BEGIN SELECT raise(ABORT, 'disk full'); END`);
  touched.close();
  const ledger = openLedger(home, NOW);
  const ticket = ticketFor("c-2", NOW + 60_000);
  await expect(ledger.start(ticket, NOW)).rejects.toThrow(/disk full/);
  expect([ledger.find("c-2"), ledger.isBurned(ticket.nonce)]).toEqual([null, false]);
  await expect(ledger.refuse(refused, NOW)).rejects.toThrow(/disk full/);
  await expect(ledger.start(ticketFor("c-1", NOW + 60_000), NOW)).rejects.toThrow(/UNIQUE/);
  expect(ledger.chain(0, 10)).toHaveLength(2);
  ledger.close();
});

test("a record that is damaged on disk is found, named, and stops no command", async () => {
  const home = await homeWith(3);
  flipByte(file(home), /"command_id":"c-2","exit_code"/);
  const ledger = openLedger(home, NOW);
  expect(ledger.doubt).toBeNull();
  await ledger.start(ticketFor("c-4", NOW + 60_000), NOW);
  const records = ledger.chain(0, 10);
  expect([records.length, records[3]?.kind]).toEqual([7, "damaged"]);
  expect(verifyChain(records)).toMatchObject({ ok: false, n: 4 });
  ledger.close();
});

test("numbers that damage made too large are damage too", () => {
  const { db, chain } = openRows(3);
  db.exec(`UPDATE chain SET at = 9223372036854775807 WHERE n = 2;
    UPDATE chain SET n = 9223372036854775807 WHERE n = 3`);
  const records = chain.after(0, 10);
  expect(records.map(({ kind }) => kind)).toEqual(["refused", "damaged", "refused"]);
  expect(verifyChain(records)).toMatchObject({ ok: false, n: 2 });
  const reopened = openChain(db, 10);
  reopened.append(NOW, refused);
  expect(reopened.after(2, 1)).toMatchObject([{ n: 3 }]);
});

type Touch = (db: DatabaseSync, n: number, other: number) => void;
const touches: Record<string, Touch> = {
  deleted: (db, n) => db.exec(`DELETE FROM chain WHERE n = ${n}`),
  "changed in its time": (db, n) => db.exec(`UPDATE chain SET at = at + 1 WHERE n = ${n}`),
  "changed in its hash": (db, n) =>
    db.exec(`UPDATE chain SET hash = replace(hash, substr(hash, 5, 1), 'x') WHERE n = ${n}`),
  "changed in what it says": (db, n) =>
    db.exec(`UPDATE chain SET body = replace(body, 'expired', 'bad_mac') WHERE n = ${n}`),
  "no record any more": (db, n) => db.exec(`UPDATE chain SET body = '{}' WHERE n = ${n}`),
  "written otherwise": (db, n) =>
    db.exec(`UPDATE chain SET body = replace(body, ':', ': ') WHERE n = ${n}`),
  exchanged: (db, n, other) =>
    db.exec(`UPDATE chain SET n = -1 WHERE n = ${n}; UPDATE chain SET n = ${n} WHERE n = ${other};
      UPDATE chain SET n = ${other} WHERE n = -1`),
  "made an anchor": (db, n) =>
    db.exec(`UPDATE chain SET body = '{"kind":"anchor"}' WHERE n = ${n}`),
  "cut off before it": (db, n) =>
    db.exec(`DELETE FROM chain WHERE n < ${n};
      UPDATE chain SET body = '{"kind":"anchor"}' WHERE n = ${n}`),
};

test.for(Object.entries(touches))("a record that is %s is found, wherever it is", ([, touch]) => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 39 }), fc.integer({ min: 1, max: 8 }), (n, by) => {
      const { db, chain } = openRows(40);
      touch(db, n, ((n + by - 1) % 40) + 1);
      const verdict = verifyChain(chain.after(0, 100));
      expect(verdict.ok && !isCutShort(verdict.head)).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test("records missing at the end are found by whoever knows a later head", () => {
  const { db, chain } = openRows(40);
  const whole = verifyChain(chain.after(0, 100));
  if (!whole.ok) throw new Error(whole.why);
  db.exec("DELETE FROM chain WHERE n > 30");
  const rewritten = openChain(db, 100);
  for (let n = 31; n <= 50; n += 1) rewritten.append(NOW, refused);
  expect(verifyChain(rewritten.after(0, 100)).ok).toBe(true); // without one, it is not
  expect(verifyChain(rewritten.after(40, 100), whole.head)).toMatchObject({ ok: false, n: 41 });
});

test("the oldest are dropped behind an anchor that goes on holding the rest", () => {
  const { db, chain } = openRows(3_500, 1_200);
  const records = chain.after(0, 10_000);
  expect([records.length, records[0]]).toEqual([
    1_701,
    expect.objectContaining({ kind: "anchor" }),
  ]);
  expect(verifyChain(records)).toMatchObject({ ok: true, head: { n: 3_500, dropped: 1_800 } });
  expect(verifyChain(records.slice(1)).ok).toBe(false);
  openChain(db, 1_200).append(NOW, refused);
  expect(verifyChain(chain.after(0, 10_000))).toMatchObject({ head: { n: 3_501 } });
  expect(isCutShort({ n: 3_500, hash: "", dropped: 1_800 })).toBe(true);
  const as_it_drops = { n: 10 + CHAIN_KEPT_RECORDS, hash: "", dropped: 10 };
  expect([isCutShort(as_it_drops), isCutShort(CHAIN_START)]).toEqual([false, false]);
});

test("a lost group takes its records along", () => {
  const { db, chain } = openRows(2);
  chain.settled(true);
  db.exec("BEGIN");
  chain.append(NOW, refused);
  db.exec("ROLLBACK");
  chain.settled(false);
  chain.append(NOW, refused);
  expect(verifyChain(chain.after(0, 10))).toMatchObject({ ok: true, head: { n: 3 } });
});
