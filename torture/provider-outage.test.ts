/**
 * Both models are away while many people ask. Each is told within two seconds what is tried, gets an
 * offline answer, and has the turn finished once when a model answers again, which is never asked more
 * at once than it bears: also where one of them dies in the middle of it.
 */
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import { addMember } from "../packages/server/test/house/member.ts";
import { configFor, type House, openHouse } from "../packages/server/test/house/house.ts";
import {
  all,
  never,
  openPool,
  requestOf,
  settingsOf,
} from "../packages/server/test/providers/pool.ts";
import { report, rounds } from "./plan.ts";
import {
  CONCURRENCY,
  expectOnce,
  openOutage,
  type Outage,
  type Parked,
} from "./providers/outage.ts";
import { median } from "./providers/scene.ts";

const PEOPLE = 3;
const TURNS_A_PERSON = rounds({ short: 7, long: 30 });
const OUTAGES = rounds({ short: 1, long: 5 });
/** So late that people are told of it before it is known. */
const LATE_MS = 2_500;
/** The target, for a machine that does nothing else; `npm test` runs beside others. */
const SIGN_WITHIN_MS = rounds({ short: 10_000, long: 2_000 });

let house: House | undefined;
let outage: Outage | undefined;
afterEach(async () => {
  await house?.close();
  await outage?.close();
});

interface Open {
  readonly clients: readonly Client[];
  readonly outage: Outage;
}

async function open(concurrency: number | null): Promise<Open> {
  outage = await openOutage();
  const limits = { concurrency, requests_per_minute: null, tokens_per_minute: null };
  const providers = configFor("/", outage.urls).providers.map((each) => ({ ...each, limits }));
  const overrides = { limits: { running_turns_a_person: 64 } };
  house = await openHouse({ script: null, config: { providers }, overrides });
  const clients = [house.client];
  while (clients.length < PEOPLE)
    clients.push((await addMember(house, `person-${clients.length}`)).client);
  return { clients, outage };
}

const askAll = ({ clients }: Open, round: number): Promise<Asked[]> =>
  Promise.all(
    clients.flatMap((client, person) =>
      Array.from({ length: TURNS_A_PERSON }, (_, n) =>
        ask(client, `turn-${round * 10_000 + person * 1_000 + n}`),
      ),
    ),
  );

interface Asked extends Parked {
  /** From the acceptance until it was said what is waited for, or what came of it. */
  readonly sign_ms: number;
}

/** Asks, and stays until the turn has parked. */
async function ask(client: Client, name: string): Promise<Asked> {
  const { id: turn_id } = await client.turns.create({ message: name });
  const began = systemClock.monotonic();
  let sign_ms: number | null = null;
  for await (const event of client.events(turn_id)) {
    if (event.type === "status" || event.type === "attempt_failed" || event.type === "parked")
      sign_ms ??= systemClock.monotonic() - began;
    if (event.type === "parked") break;
  }
  const turn = await client.turns.get(turn_id);
  expect(turn).toMatchObject({ state: "parked", mode: "offline", settled_at: null });
  expect(turn.answer).toMatch(/fake-1.*fake-2/su);
  return { client, turn_id, name, sign_ms: sign_ms! };
}

test("while both models are away all hear of it in time, and each turn is finished once when they are back", async () => {
  const scene = await open(CONCURRENCY);
  const signs: number[] = [];
  let peak = 0;
  for (let round = 0; round < OUTAGES; round++) {
    scene.outage.begin(LATE_MS);
    const asked = await askAll(scene, round);
    signs.push(...asked.map(({ sign_ms }) => sign_ms));
    scene.outage.end();
    const finished = Promise.all(asked.map(expectOnce));
    const [one] = await Promise.all(asked.slice(0, 1).map(expectOnce));
    expect(one!.some((event) => event.type === "retried" && event.after === "recovery")).toBe(true);
    await scene.outage.restart(0);
    await finished;
    peak = Math.max(peak, scene.outage.peak());
  }
  expect(median(signs)).toBeLessThanOrEqual(SIGN_WITHIN_MS);
  expect(peak).toBeLessThanOrEqual(1.2 * CONCURRENCY);
  const sign = `a sign after ${Math.round(median(signs))} ms, ${Math.round(Math.max(...signs))} at worst`;
  const found = `${sign}; all finished once, at most ${peak} asked at once of ${CONCURRENCY}`;
  report("both models away", OUTAGES * PEOPLE * TURNS_A_PERSON, found);
}, 600_000);

test("planted: a configuration that says nothing of what they bear lets all ask at once", async () => {
  outage = await openOutage();
  const { providers } = openPool([settingsOf("p1", outage.urls[0]!)]);
  const asked = Array.from({ length: 20 }, () => all(providers.stream(requestOf("hello"), never)));
  await Promise.all(asked);
  expect(outage.peak()).toBeGreaterThan(1.2 * CONCURRENCY);
});
