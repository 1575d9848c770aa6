/** exec.db: what it was, what it becomes, and what it says when its bytes have changed. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { CommandEnd } from "../src/command.ts";
import { spoolBytes } from "../src/disk-usage.ts";
import { readChain } from "../src/read-chain.ts";
import { type Ledger, openLedger } from "../src/ledger/ledger.ts";
import { flipByte } from "./bytes.ts";
import { scratchHome, ticketFor } from "./scratch.ts";

const NOW = Date.UTC(2026, 10, 22);
const PREVIOUS = fileURLToPath(new URL("fixtures/exec-0.1.0.db", import.meta.url));
const process = { pid: 4_000_000, starttime: "1", boot_id: "another" };

const exited = (output: string): CommandEnd => ({
  ...{ outcome: "exited", exit_code: 3, signal: null, timed_out: false, cancelled: false },
  ...{ exceeded: null, network: [], duration_ms: 12.5, output, output_bytes: output.length },
  ...{ output_sha256: "0".repeat(64), output_truncated: false, notices: [] },
  ...{ plan_digest: "0".repeat(64), sandbox: "bubblewrap" },
});

async function withLedger<Result>(
  home: string,
  use: (ledger: Ledger) => Result | Promise<Result>,
): Promise<Result> {
  const ledger = openLedger(home, NOW);
  try {
    return await use(ledger);
  } finally {
    ledger.close();
  }
}

async function run(ledger: Ledger, command_id: string, end: CommandEnd | null): Promise<void> {
  await ledger.start(ticketFor(command_id, NOW + 60_000), NOW);
  await ledger.release(command_id, process);
  if (end !== null) await ledger.end(command_id, end, NOW);
}

const markersOf = (home: string, command_id: string) =>
  withLedger(home, (ledger) => ledger.find(command_id)?.markers);

const file = (home: string) => join(home, "exec", "exec.db");

/** The file that version 0.1.0 (commit ac61dc7) made, as this one's home. */
function previousHome(): string {
  const home = scratchHome();
  mkdirSync(join(home, "exec"));
  copyFileSync(PREVIOUS, file(home));
  return home;
}

test("the previous version's file is taken over: every state, every nonce", async () => {
  const home = previousHome();
  await withLedger(home, async (ledger) => {
    const state = (id: string) => ledger.find(id)?.markers;
    expect(state("exited")).toMatchObject({ end: { exit_code: 3, output: "grüße\n" } });
    expect(state("read")).toMatchObject({ end: { exit_code: 3, output: "" } });
    expect(state("interrupted")).toMatchObject({ end: { outcome: "interrupted", ran: "maybe" } });
    expect(state("not-started")).toMatchObject({ end: { outcome: "not_started" } });
    expect(state("started")).toEqual({ state: "started" });
    expect(state("released")).toMatchObject({ state: "released", process: { pid: 4_000_000 } });
    expect(state("never")).toBeUndefined();
    expect(ledger.isBurned("exited----------")).toBe(true);
    expect(ledger.doubt).toBeNull();
    expect(ledger.unreadBytes()).toBe(Buffer.byteLength("grüße\n"));
    await run(ledger, "new", exited("done\n"));
  });
  expect(await markersOf(home, "new")).toMatchObject({ end: { output: "done\n" } });
});

test("the file from before there was a chain gets one that begins with what happens next", async () => {
  const home = scratchHome();
  mkdirSync(join(home, "exec"));
  copyFileSync(fileURLToPath(new URL("fixtures/exec-schema-2.db", import.meta.url)), file(home));
  expect(readChain(home, 0)).toEqual([]);
  await withLedger(home, async (ledger) => {
    expect(ledger.find("exited")?.markers).toMatchObject({ end: { output: "grüße\n" } });
    expect(ledger.open().map(({ markers }) => markers.state)).toEqual(["started", "released"]);
    expect(ledger.chain(0, 10)).toEqual([]);
    await ledger.end("released", { outcome: "interrupted", ran: "maybe", why: "it died" }, NOW);
    await run(ledger, "new", exited("done\n"));
    expect(ledger.chain(0, 10).map(({ kind }) => kind)).toEqual(["ended", "started", "ended"]);
  });
});

test("a later version's file is refused and left as it is", async () => {
  const home = previousHome();
  const later = new DatabaseSync(file(home));
  later.exec("PRAGMA user_version = 99");
  later.close();
  expect(() => openLedger(home, NOW)).toThrow(
    /a later Mainstay \(it has schema 99.*update this one/,
  );
  expect(readdirSync(join(home, "exec")).filter((name) => name.includes("damaged"))).toEqual([]);
  const untouched = new DatabaseSync(file(home), { readOnly: true });
  expect(untouched.prepare("SELECT count(*) AS rows FROM command").get()).toEqual({ rows: 6 });
  untouched.close();
});

test("a migration that fails leaves the file as it was", async () => {
  const home = previousHome();
  const db = new DatabaseSync(file(home));
  db.exec("ALTER TABLE command ADD COLUMN place INTEGER"); // the second migration meets it
  db.close();
  await withLedger(home, (ledger) => expect(ledger.doubt).not.toBeNull());
  const aside = readdirSync(join(home, "exec")).find((name) => name.startsWith("exec.db.damaged-"));
  const kept = new DatabaseSync(join(home, "exec", aside!), { readOnly: true });
  expect(kept.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
  expect(kept.prepare("SELECT count(*) AS rows FROM command").get()).toEqual({ rows: 6 });
  kept.close();
});

test("a damaged row is told as damaged, its neighbours as they are", async () => {
  const home = scratchHome();
  await withLedger(home, async (ledger) => {
    await run(ledger, "one", exited("the first output\n"));
    await run(ledger, "two", exited("the second output\n"));
  });
  flipByte(file(home), "first output");
  const [one, two] = await withLedger(home, async (ledger) => {
    ledger.forgetOutput("one"); // must not make the damage fit
    return ["one", "two"].map((id) => ledger.find(id)?.markers);
  });
  expect(one).toEqual({ state: "damaged", why: expect.stringContaining("damaged on disk") });
  expect(two).toMatchObject({ state: "ended", end: { output: "the second output\n" } });
  expect(await markersOf(home, "one")).toMatchObject({ state: "damaged" });
});

test("a row whose id is damaged stays open, and condemns nothing else", async () => {
  const home = scratchHome();
  await withLedger(home, async (ledger) => {
    await run(ledger, "ended-one", exited("one"));
    await ledger.start(ticketFor("open-one", NOW + 60_000), NOW);
  });
  flipByte(file(home), /open-one(?=nonce)/); // in the table; its index still finds the row
  for (let opened = 0; opened < 2; opened += 1) {
    await withLedger(home, async (ledger) => {
      const [row] = ledger.open();
      expect(row?.markers.state).toBe("damaged");
      await ledger.end(row!.command_id, exited("not its own"), NOW);
      await expect(ledger.release(row!.command_id, process)).rejects.toThrow(/lost/);
      expect([ledger.doubt, ledger.unreadBytes()]).toEqual([null, 3]);
    });
  }
  expect(await markersOf(home, "ended-one")).toMatchObject({ end: { output: "one" } });
  // Asked for by its id it is read through the index, which has the true one.
  expect(await markersOf(home, "open-one")).toEqual({ state: "started" });
});

test("a mark that the disk refuses costs no promise: the commit stands", async () => {
  const home = scratchHome();
  mkdirSync(join(home, "exec"));
  symlinkSync("/dev/full", join(home, "exec", "exec.head"));
  await withLedger(home, (ledger) => run(ledger, "one", exited("one")));
  expect(await markersOf(home, "one")).toMatchObject({ end: { output: "one" } });
});

test("a row whose end is read keeps what it says but the output", async () => {
  const home = scratchHome();
  const expected = { state: "ended", end: { ...exited("words"), output: "" } };
  await withLedger(home, async (ledger) => {
    await run(ledger, "one", exited("words"));
    expect(ledger.unreadBytes()).toBe(5);
    ledger.forgetOutput("one");
    ledger.forgetOutput("one");
    expect(ledger.unreadBytes()).toBe(0);
    expect(ledger.find("one")?.markers).toEqual(expected);
  });
  expect(await markersOf(home, "one")).toEqual(expected);
});

test("what outputs take on disk can be read while no executor runs", async () => {
  const home = scratchHome();
  expect(spoolBytes(home)).toBe(0);
  await withLedger(home, async (ledger) => {
    await run(ledger, "one", exited("words"));
    await run(ledger, "two", exited("more words"));
    ledger.forgetOutput("one");
    expect(spoolBytes(home)).toBeNull();
  });
  mkdirSync(join(home, "exec", "spool"));
  writeFileSync(join(home, "exec", "spool", "c.out"), "12345");
  expect(spoolBytes(home)).toBe(15);
});

test("writes that the log lost put everything unknown in doubt; known is what comes after", async () => {
  const home = scratchHome();
  const crashed = openLedger(home, NOW);
  await run(crashed, "one", exited("one"));
  // A copy, as a crash leaves it: the log is not in the file yet.
  const copy = scratchHome();
  mkdirSync(join(copy, "exec"));
  for (const name of ["exec.db", "exec.db-wal", "exec.head"]) {
    copyFileSync(join(home, "exec", name), join(copy, "exec", name));
  }
  crashed.close();
  flipByte(`${file(copy)}-wal`, "nonce-of-one");
  await withLedger(copy, async (ledger) => {
    expect(ledger.doubt).toMatchObject({
      since: NOW,
      why: expect.stringContaining("found damaged"),
    });
    expect(ledger.find("one")).toBeNull();
    await run(ledger, "two", exited("two"));
  });
  await withLedger(copy, async (ledger) => {
    expect(ledger.doubt?.since).toBe(NOW);
    expect(ledger.find("two")?.markers).toMatchObject({ end: { output: "two" } });
  });
});

test.for<[string, (home: string) => void]>([
  ["is deleted", (home) => rmSync(file(home))],
  ["is cut off", (home) => truncateSync(file(home), 5000)],
  ["is empty", (home) => truncateSync(file(home), 0)],
  ["has a damaged header", (home) => flipByte(file(home), "SQLite format")],
  ["has a damaged schema", (home) => flipByte(file(home), "CREATE TABLE")],
])("a file that %s puts what is unknown in doubt, also for later executors", async ([, damage]) => {
  const home = scratchHome();
  await withLedger(home, async (ledger) => await run(ledger, "one", exited("one")));
  damage(home);
  for (let count = 0; count < 2; count += 1) {
    await withLedger(home, (ledger) => expect(ledger.doubt).not.toBeNull());
  }
});

test("a row that its index has lost is found all the same, and its ticket is used", async () => {
  const home = scratchHome();
  await withLedger(home, async (ledger) => await run(ledger, "command-one", exited("one")));
  flipByte(file(home), /(?<!nonce-of-)command-one(?!nonce-of)/);
  await withLedger(home, async (ledger) => {
    expect(ledger.find("command-one")).toBeNull();
    expect(ledger.search("command-one")?.markers).toMatchObject({ end: { output: "one" } });
    expect(ledger.isBurned("nonce-of-command-one".padEnd(32, "-"))).toBe(true);
  });
});

test("without a legible high-water mark the ledger is believed", async () => {
  const home = scratchHome();
  await withLedger(home, async (ledger) => await run(ledger, "one", exited("one")));
  truncateSync(join(home, "exec", "exec.head"), 3);
  await withLedger(home, async (ledger) => {
    expect(ledger.doubt).toBeNull();
    expect(ledger.find("one")).not.toBeNull();
  });
  expect(existsSync(join(home, "exec", "exec.head"))).toBe(true);
});
