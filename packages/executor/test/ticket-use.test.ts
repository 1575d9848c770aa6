/** A ticket is good for one use of what it says; any other use is refused, and in the chain. */
import { hash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type ChainHead, type ChainRecord, verifyChain } from "../src/chain-record.ts";
import type { RunAnswer } from "../src/command.ts";
import { openKeys } from "../src/keys.ts";
import type { ExecutorLink } from "../src/launch.ts";
import { planDigest, signTicket, type Ticket } from "../src/ticket.ts";
import { openBench, type Bench } from "./harness.ts";

const USES = 200;
const EFFECT = "echo once >> effects";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** Where the chain stood before the test. */
let before: ChainHead;
beforeEach(async () => {
  rmSync(join(bench.workspace, "effects"), { force: true });
  before = headOf(await bench.link().chain(0, 1_000));
});

function headOf(records: ChainRecord[], from?: ChainHead): ChainHead {
  const verdict = verifyChain(records, from);
  if (!verdict.ok) throw new Error(`${verdict.n}: ${verdict.why}`);
  return verdict.head;
}

const use = (ticket: unknown, link: ExecutorLink = bench.link()): Promise<RunAnswer> =>
  link.run(ticket as Ticket);

function effects(): string[] {
  const file = join(bench.workspace, "effects");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

async function chain(): Promise<ChainRecord[]> {
  const records = await bench.link().chain(before.n, 1_000);
  headOf(records, before);
  return records;
}

const said = (answer: RunAnswer) => (answer.state === "refused" ? answer.code : answer.state);
const sha256Of = (ticket: unknown) => hash("sha256", JSON.stringify(ticket), "hex");

type Edit = (ticket: Ticket) => unknown;
const sign = (ticket: Ticket) => signTicket(openKeys(bench.home).ticket_key, ticket);
const withPlan = (ticket: Ticket, plan: Partial<Ticket["plan"]>) => ({
  ...ticket,
  plan: { ...ticket.plan, ...plan },
});
const pin = { path: "s.sh", sha256: "0".repeat(64), hold: true };

const edits: [string, string, Edit][] = [
  ["another byte in its script", "bad_mac", (t) => withPlan(t, { run: scriptOf(`${EFFECT} `) })],
  ["its script as argv", "bad_mac", (t) => withPlan(t, { run: { kind: "argv", argv: [EFFECT] } })],
  ["another id", "bad_mac", (t) => withPlan(t, { command_id: "other" })],
  ["another person", "bad_mac", (t) => withPlan(t, { person_id: "eve" })],
  ["another uid", "bad_mac", (t) => withPlan(t, { person_uid_number: 2 })],
  ["another workspace", "bad_mac", (t) => withPlan(t, { workspace_id: "x" })],
  ["other input", "bad_mac", (t) => withPlan(t, { stdin: "yes" })],
  ["another profile", "bad_mac", (t) => withPlan(t, { profile: "search" })],
  ["another pin", "bad_mac", (t) => withPlan(t, { pins: [pin] })],
  ["more time", "bad_mac", (t) => withPlan(t, { limits: { ...t.plan.limits, wall_ms: 20_001 } })],
  ["another expiry", "bad_mac", (t) => ({ ...t, expires_at: t.expires_at + 1 })],
  ["another nonce", "bad_mac", (t) => ({ ...t, nonce: `${t.nonce}0` })],
  ["another consent", "bad_mac", (t) => ({ ...t, consent: { ...t.consent, decided_by: "eve" } })],
  ["another MAC", "bad_mac", (t) => ({ ...t, mac: "0".repeat(64) })],
  ["another key", "bad_mac", (t) => signTicket(randomBytes(32), t)],
  ["a field more", "malformed", (t) => ({ ...t, sandbox: "none" })],
  ["a field less", "malformed", ({ nonce: _, ...t }) => t],
  [
    "a way out of the workspace",
    "malformed",
    (t) => sign(withPlan(t, { pins: [{ ...pin, path: "../s.sh" }] }) as Ticket),
  ],
  ["a life that has ended", "expired", (t) => sign({ ...t, expires_at: clock.now() - 1 })],
  ["a life without end", "expires_too_late", (t) => sign({ ...t, expires_at: clock.now() + 1e7 })],
  ["consent that is none", "not_agreed", (t) => sign(consenting(t, "policy", "ask"))],
  ["an override of nothing", "not_agreed", (t) => sign(consenting(t, "override", "ask"))],
  ["a verdict that nobody overrode", "blocked", (t) => sign(consenting(t, "person", "blocked"))],
  [
    "a verdict that trust does not cover",
    "blocked",
    (t) => sign(consenting(t, "trust", "blocked")),
  ],
];

const scriptOf = (script: string) => ({ kind: "script" as const, script });

function consenting(
  ticket: Ticket,
  kind: Ticket["consent"]["kind"],
  verdict: Ticket["consent"]["verdict"],
): Ticket {
  return { ...ticket, consent: { ...ticket.consent, kind, verdict } };
}

test("a ticket with anything changed is refused and recorded, and the one as signed runs", async () => {
  const ticket = bench.ticket(EFFECT);
  for (const [name, code, edit] of edits) {
    const edited = edit(ticket);
    expect([name, said(await use(edited))]).toEqual([name, code]);
    const last = (await chain()).at(-1);
    expect(last).toMatchObject({ kind: "refused", code, ticket_sha256: sha256Of(edited) });
  }
  expect(effects()).toEqual([]);
  await bench.end(ticket);
  expect(effects()).toEqual(["once"]);
  expect((await chain()).map(({ kind }) => kind)).toEqual([
    ...edits.map(() => "refused"),
    ...["started", "ended"],
  ]);
});

test("an admin's override runs what was blocked, once, and is recorded as that", async () => {
  const ticket = sign(consenting(bench.ticket(EFFECT), "override", "blocked"));
  await bench.end(ticket);
  expect(said(await use(ticket))).toBe("ended");
  expect(effects()).toEqual(["once"]);
  const [started, ended] = await chain();
  const plan_digest = planDigest(ticket.plan);
  expect(started).toMatchObject({ kind: "started", consent_kind: "override", plan_digest });
  expect(ended).toMatchObject({ kind: "ended", outcome: "exited", exit_code: 0, plan_digest });
});

test(`${USES} uses of one ticket at once: one execution, the others refused and recorded`, async () => {
  const ticket = bench.ticket(`${EFFECT}; sleep 0.2`);
  const answers = await Promise.all(Array.from({ length: USES }, () => use(ticket)));
  const end = await bench.link().wait(ticket.plan.command_id);
  const count = (code: string) => answers.filter((answer) => said(answer) === code).length;
  // Who comes late hears of the end instead.
  expect([count("started"), count("replayed") + count("ended")]).toEqual([1, USES - 1]);
  expect(await use(ticket)).toEqual({ state: "ended", end });
  expect(effects()).toEqual(["once"]);
  const records = await chain();
  expect(records.filter(({ kind }) => kind === "started")).toHaveLength(1);
  expect(records.filter(({ kind }) => kind === "refused")).toHaveLength(count("replayed"));
});

test(`${USES} tickets for one command at once: one execution`, async () => {
  const first = bench.ticket(EFFECT);
  const tickets = Array.from({ length: USES }, (_, count) =>
    sign({ ...first, nonce: `${count}`.padStart(16, "0") }),
  );
  const codes = (await Promise.all(tickets.map((ticket) => use(ticket)))).map(said);
  await bench.link().wait(first.plan.command_id);
  expect(codes.filter((code) => code === "started")).toHaveLength(1);
  expect(codes.filter((code) => code === "replayed")).toHaveLength(USES - 1);
  expect(effects()).toEqual(["once"]);
});

test("uses over two links, and over two executors: one execution", async () => {
  const ticket = bench.ticket(EFFECT);
  const old = bench.link();
  const early = Array.from({ length: USES / 2 }, () => use(ticket, old).catch(String));
  const next = await bench.relaunch();
  expect(next.pid).toBe(old.pid);
  await Promise.all([...early, ...Array.from({ length: USES / 2 }, () => use(ticket, next))]);
  await next.wait(ticket.plan.command_id);
  expect(effects()).toEqual(["once"]);

  await next.close();
  const successor = await bench.relaunch();
  expect(successor.pid).not.toBe(old.pid);
  const late = await Promise.all(Array.from({ length: USES / 2 }, () => use(ticket)));
  expect(new Set(late.map(said))).toEqual(new Set(["ended"]));
  const again = sign({ ...ticket, nonce: randomBytes(16).toString("hex") });
  expect(said(await use(again))).toBe("replayed");
  expect(effects()).toEqual(["once"]);
  expect((await chain()).filter(({ kind }) => kind === "started")).toHaveLength(1);
});
