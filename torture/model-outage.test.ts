import type { Script } from "@mainstay/fake-provider/script";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
import { type House, openHouse } from "../packages/server/test/house/house.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

/**
 * All models go away while people ask, and come back. Every turn parks with an answer of its own, and
 * every one is finished, once, by models that are never asked more at once than they can bear.
 */
const TURNS = rounds({ short: 16, long: 200 });
const OUTAGES = rounds({ short: 1, long: 10 });
/** What the two providers bear together. */
const CAPACITY = 8;
const random = seeded(seed);

let house: House;
afterEach(() => house.close());

test("of turns that parked while all models were away each is finished once, and no more at once than the models bear", async () => {
  let are_away = true;
  let answers = 0;
  let peak = 0;
  const script: Script = ({ messages }) => {
    const text = String(messages.at(-1)?.content);
    if (are_away) return { status: 503, body: { error: { message: "away" } } };
    if (text.startsWith("turn")) answers += 1;
    peak = Math.max(peak, sum(house.models.map((model) => model.in_flight)));
    return { text: `Answer to ${text}`, first_token_delay_ms: 200 + Math.floor(random() * 200) };
  };
  const overrides = { limits: { running_turns_a_person: 64, waking_turns: CAPACITY } };
  house = await openHouse({ providers: [script, script], overrides });

  for (let outage = 0; outage < OUTAGES; outage++) {
    are_away = true;
    answers = 0;
    const asked = await Promise.all(
      Array.from({ length: TURNS }, (_, n) => house.ask(`turn ${outage}-${n}`)),
    );
    expect(asked.filter(({ state }) => state !== "parked")).toEqual([]);
    are_away = false;
    const done = await Promise.all(asked.map(finished));
    for (const { state, message, answer } of done)
      expect({ state, answer }).toEqual({ state: "done", answer: `Answer to ${message}` });
    expect(answers).toBe(TURNS);
  }
  expect(peak).toBeLessThanOrEqual(1.2 * CAPACITY);
  const found = `each finished once, at most ${peak} asked at once of ${CAPACITY}`;
  report("all models away, then back", OUTAGES * TURNS, found);
}, 600_000);

async function finished({ id }: Turn): Promise<Turn> {
  await house.until(id, ({ type }) => type === "settled");
  return await house.client.turns.get(id);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
