/**
 * Many at once want to decide the same: one decision counts, and what was agreed to happens at most
 * once. What a command did is counted in the workspace, by the lines it appends.
 */
import type { AuditRecord } from "@mainstay/sdk/audit";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { ProblemError } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { Approval } from "@mainstay/sdk/resources";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
import type { Overrides } from "../packages/server/src/assemble.ts";
import type { Store } from "../packages/server/src/store/store.ts";
import {
  calls,
  clientFor,
  type House,
  openHouse,
  says,
} from "../packages/server/test/house/house.ts";
import { addMember } from "../packages/server/test/house/member.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const AT_ONCE = 200;
const random = seeded(seed);

let house: House;
afterEach(() => house.close());

/** Each request of a person is one command. */
const open = async (overrides: Overrides = {}) =>
  (house = await openHouse({
    overrides,
    script: (request) =>
      request.messages.at(-1)?.role === "tool"
        ? says("done")
        : calls("shell", { command: lastUserText(request) }),
  }));

const ask = (client: Client, command: string): Promise<Turn> =>
  client.turns.create({ message: command }, { wait_s: 60 });

async function settled(client: Client, turn: Turn): Promise<Turn> {
  for await (const _ of client.events(turn.id)) continue;
  return await client.turns.get(turn.id);
}

async function linesOf(client: Client, file: string): Promise<number> {
  const text = await readFile(await pathOf(client, file), "utf8").catch(() => "");
  return text.split("\n").length - 1;
}

/** In the person's own workspace. */
async function pathOf(client: Client, file: string): Promise<string> {
  const [workspace] = (await client.workspaces.list()).items;
  return join(workspace!.path, file);
}

/** What each of them got: the approval as decided, or the code of the refusal. */
async function race(deciders: readonly Client[], approval_id: string) {
  const tries = Array.from({ length: AT_ONCE }, async () => {
    const client = deciders[Math.floor(random() * deciders.length)]!;
    const decision = random() < 0.5 ? "approve" : "deny";
    return client.approvals.decide(approval_id, decision).catch(codeOf);
  });
  return await Promise.all(tries);
}

function codeOf(fault: unknown): string {
  if (fault instanceof ProblemError) return fault.problem.code;
  throw fault;
}

interface Round {
  readonly faults: readonly string[];
  readonly ran: number;
}

/** Somebody's command is decided by themselves, at several clients, and by an admin. */
async function decidedByMany(
  person: Client,
  deciders: readonly Client[],
  n: number,
): Promise<Round> {
  const file = `once-${n}`;
  const turn = await ask(person, `echo x >> ${file}`);
  const heard = await race(deciders, turn.approvals[0]!);
  const decided = heard.filter((each): each is Approval => typeof each !== "string");
  const codes = new Set(heard.filter((each) => typeof each === "string"));
  const { commands } = await settled(person, turn);
  const ran = await linesOf(person, file);
  const expected = decided[0]?.state === "approved" ? 1 : 0;
  return {
    ran,
    faults: [
      ...(decided.length === 1 ? [] : [`${decided.length} decisions counted`]),
      ...(ran === expected ? [] : [`decided ${decided[0]?.state}, and it ran ${ran} times`]),
      ...(commands.length === expected ? [] : [`the turn tells of ${commands.length} commands`]),
      ...[...codes].filter((code) => code !== "approval_decided").map((code) => `told ${code}`),
    ],
  };
}

async function decidersFor(name: string): Promise<{ person: Client; deciders: Client[] }> {
  const { key, client: person } = await addMember(house, name);
  const again = Array.from({ length: 3 }, () => clientFor(house.url, key));
  return { person, deciders: [person, ...again, house.client] };
}

test(`${AT_ONCE} decisions on one approval, of a person's clients and an admin's: one counts`, async () => {
  await open();
  const { person, deciders } = await decidersFor("ada");
  const times = rounds({ short: 3, long: 100 });
  let ran = 0;
  for (let n = 0; n < times; n++) {
    const round = await decidedByMany(person, deciders, n);
    expect(round.faults, `round ${n}`).toEqual([]);
    ran += round.ran;
  }
  const found = `1 decision each, ${ran} approved and run once, ${times - ran} denied and not run`;
  report(`${AT_ONCE} decisions at once on one approval`, times, found);
});

test("planted: a decision that does not look whether it is the first is found out", async () => {
  await open({ store: withoutGuard("pending") });
  const { person, deciders } = await decidersFor("bob");
  const { faults } = await decidedByMany(person, deciders, 0);
  expect(faults).toContainEqual(expect.stringMatching(/^\d+ decisions counted$/));
});

const withoutGuard =
  (name: string) =>
  (store: Store): Store => ({
    ...store,
    commit: ({ guards = [], ...batch }) =>
      store.commit({ ...batch, guards: guards.filter((guard) => guard.name !== name) }),
  });

/** A rule for a program that leaves a line, in a workspace that is there. */
async function ruleFor(n: number) {
  const { client } = house;
  const { workspace_id: workspace } = await ask(client, "ls");
  const script = `count-${n}.sh`;
  await writeFile(await pathOf(client, script), `echo x >> ran-${n}\n`);
  const { items } = await client.rules.add({ workspace, command: `sh ${script}` });
  return { rule_id: items[0]!.id, command: `sh ${script}`, ran: () => linesOf(client, `ran-${n}`) };
}

/** Where on its way one of the turns is when the rule is revoked. */
const MOMENTS = ["accepted", "started", "attempt_started", "step_ended", "tool_started"];
const TURNS = 5;

/** Some turns at once want to run what a rule covers, and the rule is revoked on their way. */
async function revokedMeanwhile(n: number): Promise<Round> {
  const { client } = house;
  const { rule_id, command, ran } = await ruleFor(n);
  const turns = await Promise.all(
    Array.from({ length: TURNS }, () => client.turns.create({ message: command })),
  );
  const [one, moment] = [turns[Math.floor(random() * TURNS)]!, MOMENTS[n % MOMENTS.length]!];
  await house.until(one.id, ({ type }) => [moment, "approval_requested", "settled"].includes(type));
  await client.rules.revoke(rule_id);
  for (const turn of turns) await denied(turn);
  return { ran: await ran(), faults: await lateBy(rule_id, await ran()) };
}

/** Denies what the turn waits for, if it does. */
async function denied(turn: Turn): Promise<void> {
  const { type } = await house.until(turn.id, (event) =>
    ["approval_requested", "settled"].includes(event.type),
  );
  if (type === "settled") return;
  const { approvals } = await house.client.turns.get(turn.id);
  await house.client.approvals.decide(approvals[0]!, "deny");
  await settled(house.client, turn);
}

/** Commands that began by the rule when its end was on record, and such as are on no record. */
async function lateBy(rule_id: string, ran: number): Promise<string[]> {
  const intents = (await recordsOf("command_intent")).filter(
    ({ record }) => record.agreement_id === rule_id,
  );
  const revoked = (await recordsOf("rule_revoked")).find(
    ({ record }) => record.rule_id === rule_id,
  );
  const late = intents.filter(({ seq }) => seq > revoked!.seq);
  // What was intended and then found its rule revoked is on record as not started.
  const results = (await recordsOf("command_result")).map(({ record }) => record);
  const ended = new Map(results.map(({ command_id, outcome }) => [command_id, outcome]));
  const began = intents.filter(({ record }) => ended.get(record.command_id) === "exited");
  return [
    ...late.map(() => "a command began by a rule that was revoked"),
    ...(began.length === ran ? [] : [`${began.length} began by the rule, and ${ran} ran`]),
  ];
}

async function recordsOf<K extends AuditRecord["kind"]>(kind: K) {
  const { items } = await house.client.audit.list({ kind });
  return items.map(({ seq, record }) => ({
    seq,
    record: record as Extract<AuditRecord, { kind: K }>,
  }));
}

test("a rule that is revoked while its command is on the way: nothing begins by it afterwards", async () => {
  await open();
  const times = rounds({ short: 5, long: 100 });
  let ran = 0;
  for (let n = 0; n < times; n++) {
    const round = await revokedMeanwhile(n);
    expect(round.faults, `round ${n}`).toEqual([]);
    ran += round.ran;
  }
  const found = `of ${times * TURNS} commands ${ran} began before its end, 0 after`;
  report("a rule revoked while commands are planned by it", times, found);
});

/** The worst moment: all is planned, and the intent is about to be on record. */
async function revokedAtLast(overrides: (revoke: () => Promise<unknown>) => Overrides) {
  let revoke = (): Promise<unknown> => Promise.resolve();
  await open(overrides(() => revoke()));
  const { rule_id, command, ran } = await ruleFor(0);
  revoke = () => house.client.rules.revoke(rule_id);
  const turn = await ask(house.client, command);
  await denied(turn);
  return { ran: await ran(), faults: await lateBy(rule_id, await ran()) };
}

const before = (
  revoke: () => Promise<unknown>,
  then: (store: Store) => Store = (same) => same,
) => ({
  store: (store: Store): Store => ({
    ...store,
    async commit(batch) {
      if (batch.guards?.some(({ name }) => name === RULE_GUARD)) await revoke();
      return then(store).commit(batch);
    },
  }),
});
const RULE_GUARD = "a rule that was revoked";

test("a rule that is revoked when its command is planned, and not yet on record: it does not run", async () => {
  expect(await revokedAtLast((revoke) => before(revoke))).toEqual({ ran: 0, faults: [] });
});

test("planted: an intent that does not look at its rule again is found out", async () => {
  const { faults } = await revokedAtLast((revoke) => before(revoke, withoutGuard(RULE_GUARD)));
  expect(faults).toContain("a command began by a rule that was revoked");
});

/** Blocked, and it leaves a line. */
const BLOCKED = "echo x >> overridden; mkfs -t xfs /dev/nvme0n1";

test("an override that many calls want at once is for one of them", async () => {
  await open();
  const { client } = house;
  const { id: person } = await client.me();
  const { workspace_id: workspace } = await ask(client, "ls");
  const times = rounds({ short: 2, long: 25 });
  for (let n = 1; n <= times; n++) {
    await client.overrides.grant({ workspace, person, command: BLOCKED, reason: "a test" });
    const turns = await Promise.all(Array.from({ length: 10 }, () => ask(client, BLOCKED)));
    const ran = turns.flatMap(({ commands }) =>
      commands.filter(({ outcome }) => outcome === "exited"),
    );
    expect(ran).toHaveLength(1);
    expect(await linesOf(client, "overridden")).toBe(n);
  }
  report("10 calls at once for one override", times, "1 ran each");
});
