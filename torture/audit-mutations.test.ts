/**
 * Whatever is done to the files of an audit trail is found by who kept a signed head elsewhere; and where
 * nobody did, the verdict says what it could not have found.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AuditVerdict, verifyAudit } from "../packages/server/src/audit/audit.ts";
import { type Mutation, mutations } from "./audit/mutations.ts";
import { contentOf, copyTrail, executorOf, makeTrail, type Trail } from "./audit/trail.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const ROUNDS = rounds({ short: 60, long: 504 });
const COMMANDS = 120;
/** Bits of a file often lie where nothing of the trail does. */
const TRIES = 100;

let scratch: string;
let trail: Trail;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "mainstay-audit-"));
  trail = await makeTrail(join(scratch, "home"), COMMANDS);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const verify = (home: string, head: AuditHead | null): Promise<AuditVerdict> =>
  verifyAudit({ home, head, executor: executorOf(home) });

/** A copy of the trail on which the mutation has changed something. */
function spoiled(mutation: Mutation, random: () => number): string {
  const truth = contentOf(trail.home);
  for (let i = 0; i < TRIES; i++) {
    const home = join(scratch, "spoiled");
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home);
    copyTrail(trail.home, home);
    mutation.apply(home, random, trail);
    if (contentOf(home) !== truth) return home;
  }
  throw new Error(`${mutation.name}: nothing changed in ${TRIES} tries`);
}

test("a trail that nobody touched is whole, to the last record", async () => {
  const verdict = await verify(trail.home, trail.head);
  expect(verdict).toMatchObject({ ok: true, faults: [], compared: COMMANDS });
  expect(verdict.records).toBe(trail.head.seq);
  expect(verdict.signed).toBe(trail.head.seq);
  expect((await verify(trail.home, null)).ok).toBe(true);
});

test("every change is found with an exported head; without one nothing is promised that is not", async () => {
  const random = seeded(seed);
  const without = new Map<Mutation, { n: number; found: number }>();
  for (let round = 0; round < ROUNDS; round++) {
    const mutation = mutations[round % mutations.length]!;
    const home = spoiled(mutation, random);
    const told = await verify(home, trail.head);
    expect(told.ok, `round ${round}, ${mutation.name}`).toBe(false);
    expect(told.faults.length).toBeGreaterThan(0);

    const alone = await verify(home, null);
    expect(alone.blind_to.join("; ")).toContain("without an exported head");
    const { n, found } = without.get(mutation) ?? { n: 0, found: 0 };
    without.set(mutation, { n: n + 1, found: found + (alone.ok ? 0 : 1) });
  }
  for (const [{ name, found_without_head }, { n, found }] of without) {
    if (found_without_head === "always") expect(found, name).toBe(n);
    if (found_without_head === "never") expect(found, name).toBe(0);
    report(`audit trail: ${name}`, n, `${n} found with an exported head, ${found} without`);
  }
});

test("the first bad record is named", async () => {
  const names = ["a character of a record", "the time of a record", "a character of a hash"];
  for (const mutation of mutations.filter(({ name }) => names.includes(name))) {
    const home = spoiled(mutation, seeded(seed));
    const [first] = (await verify(home, null)).faults;
    const before = JSON.parse(contentOf(trail.home)!)[0];
    const after = JSON.parse(contentOf(home)!)[0];
    const bad = after.findIndex(
      (row: object, i: number) => JSON.stringify(row) !== JSON.stringify(before[i]),
    );
    expect(first?.seq, mutation.name).toBe(after[bad].seq);
  }
});
