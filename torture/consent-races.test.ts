/**
 * Many at once want to decide the same: one decision counts, and what was agreed to happens at most
 * once. What a command did is counted in the workspace, by the lines it appends.
 */
import { readFile } from "node:fs/promises";
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

const ask = (client: Client, command: string, workspace?: string): Promise<Turn> =>
  client.turns.create({ message: command, ...(workspace && { workspace }) }, { wait_s: 60 });

async function settled(client: Client, turn: Turn): Promise<Turn> {
  for await (const _ of client.events(turn.id)) continue;
  return await client.turns.get(turn.id);
}

async function linesOf(client: Client, file: string): Promise<number> {
  const [workspace] = (await client.workspaces.list()).items;
  const text = await readFile(join(workspace!.path, file), "utf8").catch(() => "");
  return text.split("\n").length - 1;
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
  const times = rounds({ short: 5, long: 100 });
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
