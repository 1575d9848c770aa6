/**
 * Bytes of the executor's ledger, of its log and of the spool flip, are zeroed or cut off while no
 * executor runs. Whatever the next one tells is true or says that it is not known; it would run
 * nothing again.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createArchive } from "../packages/executor/src/archive.ts";
import type { CommandEnd, CommandState } from "../packages/executor/src/command.ts";
import { openLedger } from "../packages/executor/src/ledger/ledger.ts";
import { SEAL_OF_ROW, teachSeal } from "../packages/executor/src/ledger/seal.ts";
import { keepOutput } from "../packages/executor/src/output.ts";
import type { ProcessTable } from "../packages/executor/src/process-table.ts";
import { recover } from "../packages/executor/src/recovery.ts";
import { record, spoolHead } from "../packages/executor/src/spool/records.ts";
import { openSpool } from "../packages/executor/src/spool/spool.ts";
import { ticketFor } from "../packages/executor/test/scratch.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

/**
 * Time stands still: however slow the machine, no ticket expires in the midst of it, and none
 * outlives the refusal of those that a damaged ledger may have known.
 */
const NOW = systemClock.now();
const clock: Clock = { ...systemClock, now: () => NOW };
const EXPIRY = NOW + 60_000;
const OUTPUT_BYTES = 1024;
const BOOT = "this boot";
const processes: ProcessTable = {
  boot_id: BOOT,
  identify: () => null,
  isAlive: () => false,
  kill: () => {},
  findByArgument: () => [],
  findByVariable: () => new Map(),
  look_ms: 1,
};

const printed = (name: string, lines: number) =>
  Array.from({ length: lines }, (_, line) => `${name} says ${line}\n`).join("");

const exited = (output: string): CommandEnd => ({
  ...{ outcome: "exited", exit_code: 3, signal: null, timed_out: false, cancelled: false },
  ...{ exceeded: null, network: [], duration_ms: 1, output, output_bytes: output.length },
  ...{ output_sha256: "0".repeat(64), output_truncated: false, notices: [] },
  ...{ plan_digest: "0".repeat(64), sandbox: "bubblewrap" },
});

const ENDED = Array.from({ length: 24 }, (_, at) => `ended-${at}`);
const ACKED = "acked";
const STARTED = "started";
const PRINTING = ["printing-little", "printing-more", "printing-much"];
const COMMANDS = [...ENDED, ACKED, STARTED, ...PRINTING];

/** As two executors leave it: one went in order, the next was killed. */
async function leave(home: string): Promise<void> {
  const first = openLedger(home, clock.now());
  for (const id of ENDED.slice(0, 12)) await end(first, id);
  first.close();
  const killed = openLedger(home, clock.now());
  for (const id of ENDED.slice(12)) await end(killed, id);
  await end(killed, ACKED);
  killed.forgetOutput(ACKED);
  for (const [at, id] of PRINTING.entries()) {
    await begin(killed, id);
    spool(home, id, printed(id, 3 * 10 ** at));
  }
  await killed.start(ticketFor(STARTED, EXPIRY), clock.now());
  const exec = join(home, "exec");
  cpSync(exec, `${exec}.crashed`, { recursive: true });
  killed.close();
  rmSync(exec, { recursive: true });
  cpSync(`${exec}.crashed`, exec, { recursive: true });
}

type Ledger = ReturnType<typeof openLedger>;

async function begin(ledger: Ledger, id: string): Promise<void> {
  await ledger.start(ticketFor(id, EXPIRY), clock.now());
  await ledger.release(id, { pid: 4_000_000, starttime: "1", boot_id: BOOT });
}

async function end(ledger: Ledger, id: string): Promise<void> {
  await begin(ledger, id);
  await ledger.end(id, exited(printed(id, id.length * 8)), clock.now());
}

function spool(home: string, id: string, text: string): void {
  const kept = keepOutput(OUTPUT_BYTES);
  const file = openSpool(home, console.error).begin(id, OUTPUT_BYTES, kept);
  for (const line of text.split(/(?<=\n)/)) {
    const chunk = Buffer.from(line);
    kept.push(chunk);
    file.add(chunk);
  }
  file.catchUp();
  file.close();
}

interface Told {
  state: CommandState;
  would_run: boolean;
}

/** What the next executor tells of each command; null when it refuses to start. */
async function tellAll(home: string): Promise<Map<string, Told> | null> {
  const ledger = orNull(() => openLedger(home, clock.now()));
  if (ledger === null) return null;
  const spool = openSpool(home, () => {});
  await recover({ ledger, spool, processes, gateName: String, clock, log: () => {} });
  const archive = createArchive({ ledger, spool, clock, log: () => {} });
  const told = COMMANDS.map((id) => {
    const would_run = archive.answer(ticketFor(id, EXPIRY)) === null;
    return [id, { state: archive.state(id), would_run }] as const;
  });
  ledger.close();
  return new Map(told);
}

function orNull<Value>(make: () => Value): Value | null {
  try {
    return make();
  } catch (error) {
    if (!/later Mainstay/.test((error as Error).message)) throw error;
    return null;
  }
}

type Verdict = "true" | "detected" | `false: ${string}`;

function judge(truth: Told, { state, would_run }: Told): Verdict {
  if (would_run) return "false: it would run again";
  if (JSON.stringify(state) === JSON.stringify(truth.state)) return "true";
  const end = state.state === "ended" ? state.end : null;
  if (end?.outcome !== "interrupted" || end.ran !== "maybe") {
    return `false: ${JSON.stringify(state).slice(0, 200)}`;
  }
  if (!isBeginningOf(truth, end.output ?? "")) return `false: ${end.output}`;
  // A spool cut off exactly between two records: the end says that how far it got is unknown.
  const is_shorter = isInterrupted(truth) && /how far it got is unknown/.test(end.why);
  return /damaged/.test(end.why) || is_shorter ? "detected" : `false: it does not say ${end.why}`;
}

const isInterrupted = ({ state }: Told) =>
  state.state === "ended" && state.end.outcome === "interrupted";

/** Of what an interrupted command had printed at most a beginning is told, of others nothing. */
function isBeginningOf({ state }: Told, output: string): boolean {
  const end = state.state === "ended" ? state.end : null;
  const whole = end?.outcome === "interrupted" ? (end.output ?? "") : "";
  const [head = ""] = output.split(/\n\[\d+ bytes left out\]\n/);
  return whole.startsWith(head);
}

let model: string;
let truth: Map<string, Told>;
beforeAll(async () => {
  model = mkdtempSync(join(tmpdir(), "mainstay-bytes-"));
  await leave(model);
  truth = (await tellAll(copyOf(model))) ?? new Map();
});
afterAll(() => rmSync(model, { recursive: true }));

function copyOf(home: string): string {
  const copy = mkdtempSync(join(model, "copy-"));
  cpSync(join(home, "exec"), join(copy, "exec"), { recursive: true });
  return copy;
}

const filesOf = (home: string) =>
  readdirSync(join(home, "exec"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();

const DAMAGES = {
  flip: (bytes: Buffer, at: number, random: () => number) => {
    bytes[at]! ^= 1 + Math.floor(random() * 255);
    return bytes;
  },
  zero: (bytes: Buffer, at: number) => bytes.fill(0, at, Math.min(bytes.length, at + 512)),
  cut: (bytes: Buffer, at: number) => bytes.subarray(0, at),
};
const KINDS = ["flip", "flip", "flip", "zero", "cut"] as const;

/** Returns what was done. */
function damage(home: string, random: () => number, only: RegExp): string {
  const files = filesOf(home).filter((file) => only.test(file));
  const file = files[Math.floor(random() * files.length)]!;
  const kind = KINDS[Math.floor(random() * KINDS.length)]!;
  const bytes = readFileSync(file);
  const at = Math.floor(random() * bytes.length);
  writeFileSync(file, DAMAGES[kind](bytes, at, random));
  return `${kind} at ${at} of ${file.slice(home.length)}`;
}

interface Met {
  how: "harmless" | "detected";
  /** What is told wrongly. */
  wrong: string[];
}

async function meet(home: string): Promise<Met> {
  const told = await tellAll(home);
  rmSync(home, { recursive: true });
  if (told === null) return { how: "detected", wrong: [] };
  const verdicts = COMMANDS.map((id) => [id, judge(truth.get(id)!, told.get(id)!)] as const);
  const wrong = verdicts.filter(([, verdict]) => verdict.startsWith("false"));
  return {
    how: verdicts.every(([, verdict]) => verdict === "true") ? "harmless" : "detected",
    wrong: wrong.map(([id, verdict]) => `${id}: ${verdict}`),
  };
}

/** Damages a copy; `meddle` switches a check off. */
async function round(random: () => number, only: RegExp, meddle: (home: string) => void) {
  const home = copyOf(model);
  const done = damage(home, random, only);
  meddle(home);
  const { how, wrong } = await meet(home);
  return { how, wrong: wrong.map((told) => `${done}: ${told}`) };
}

test("what is left undamaged is told as it was", () => {
  const state = (id: string) => truth.get(id)?.state;
  expect(truth.size).toBe(COMMANDS.length);
  expect(state("ended-23")).toEqual({ state: "ended", end: exited(printed("ended-23", 64)) });
  expect(state(STARTED)).toMatchObject({ end: { outcome: "interrupted", ran: "no" } });
  expect(state("printing-more")).toMatchObject({
    end: { ran: "maybe", output: printed("printing-more", 30), output_truncated: false },
  });
  expect(state("printing-much")).toMatchObject({ end: { output_truncated: true } });
  expect([...truth.values()].some(({ would_run }) => would_run)).toBe(false);
});

test("damaged bytes are never told as true", async () => {
  const random = seeded(seed);
  const n = rounds({ short: 80, long: 500 });
  const met = { harmless: 0, detected: 0 };
  const wrong: string[] = [];
  for (let count = 0; count < n; count += 1) {
    const found = await round(random, /./, () => {});
    met[found.how] += 1;
    wrong.push(...found.wrong);
  }
  report(
    "bytes of ledger, log and spool flipped, zeroed or cut off",
    n,
    `${met.detected} detected, ${met.harmless} harmless, ${wrong.length} told as true`,
  );
  expect(wrong).toEqual([]);
  expect(met.detected).toBeGreaterThan(n / 5);
});

test("planted: without the high-water mark a damaged log denies commands", async () => {
  const random = seeded(seed);
  const wrong: string[] = [];
  for (let count = 0; count < 20; count += 1) {
    const forget = (home: string) => rmSync(join(home, "exec", "exec.head"));
    wrong.push(...(await round(random, /-wal$/, forget)).wrong);
  }
  expect(wrong.join("\n")).toMatch(/would run again/);
});

test("planted: with seals that fit whatever a row has become, it is believed", async () => {
  const change = (home: string, more: string) => {
    const db = new DatabaseSync(join(home, "exec", "exec.db"));
    teachSeal(db);
    db.exec(`UPDATE command SET output = replace(output, 'says 1', 'says 7'); ${more}`);
    db.close();
  };
  const told = async (more: string) => {
    const home = copyOf(model);
    change(home, more);
    return (await meet(home)).wrong.join("\n");
  };
  expect(await told("")).toBe("");
  expect(await told(`UPDATE command SET seal = ${SEAL_OF_ROW}`)).toMatch(/"exited".*says 7/);
});

test("planted: a spool record that fits its checksum is believed", async () => {
  const told = async (as_command: string) => {
    const home = copyOf(model);
    const bytes = record(as_command, 0, Buffer.from("never said\n"));
    const forged = Buffer.concat([spoolHead(as_command, OUTPUT_BYTES), ...bytes]);
    writeFileSync(join(home, "exec", "spool", "printing-little.out"), forged);
    return (await meet(home)).wrong.join("\n");
  };
  expect(await told("another")).toBe("");
  expect(await told("printing-little")).toMatch(/never said/);
});
