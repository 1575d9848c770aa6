/** What models took, as people are told of it. */
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import type { Client } from "@mainstay/sdk/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openData } from "./data-file.ts";
import { type House, openHouse } from "./house.ts";
import { addMember } from "./member.ts";

/** 23 November 2026, in the morning. */
const NOW = Date.UTC(2026, 10, 23, 7);
const began = systemClock.monotonic();
const clock: Clock = {
  ...systemClock,
  now: () => NOW + Math.round(systemClock.monotonic() - began),
};

let house: House;
let ada: Client;

beforeAll(async () => {
  house = await openHouse({ script: null, overrides: { clock } });
  ada = (await addMember(house, "ada")).client;
  const db = openData(house.home);
  for (const [day, person, provider, credential, model, requests, cost_micro_usd] of rows)
    db.prepare(
      `insert into usage select ?, id, ?, ?, ?, ?, 100, 10, ?, 0, 0 from person where name = ?`,
    ).run(day, provider, credential, model, requests, cost_micro_usd, person);
  db.close();
});
afterAll(() => house.close());

const rows = [
  ["2026-10-24", "owner", "groq", "k1", "big", 1, 1],
  ["2026-10-25", "owner", "groq", "k1", "big", 2, 20],
  ["2026-11-22", "ada", "cohere", "k2", "command", 3, 300],
  ["2026-11-23", "ada", "groq", "k1", "big", 4, 4_000],
  ["2026-11-23", "owner", "groq", "k1", "big", 5, 50_000],
] as const;

test("a member is told of themselves, an admin of everybody, for the last 30 days", async () => {
  const own = await ada.usage.list();
  expect(own).toMatchObject({ from: "2026-10-25", to: "2026-11-23", next: null });
  expect(own.items).toEqual([
    {
      ...{ day: "2026-11-22", person: null, provider: "cohere", credential: null },
      ...{ model: "command", requests: 3, input_tokens: 100, output_tokens: 10 },
      ...{ cost_micro_usd: 300, estimated_requests: 0, unpriced_requests: 0 },
    },
    expect.objectContaining({ day: "2026-11-23", provider: "groq", model: "big", requests: 4 }),
  ]);
  expect(own.total).toMatchObject({ requests: 7, input_tokens: 200, cost_micro_usd: 4_300 });
  expect((await house.client.usage.list()).total).toMatchObject({ requests: 14 });
});

test("a member asks for nobody by name, an admin for whom there is", async () => {
  await expect(ada.usage.list({ person: "owner" })).rejects.toMatchObject({
    problem: { code: "forbidden", status: 403 },
  });
  const asked = await house.client.usage.list({ person: "ADA" });
  expect(asked.total).toMatchObject({ requests: 7 });
  await expect(house.client.usage.list({ person: "eve" })).rejects.toMatchObject({
    problem: { code: "not_found" },
  });
});

test("days are counted until today or until `to`, both ends included", async () => {
  const totals = async (wish: object) => (await house.client.usage.list(wish)).total.requests;
  expect(await totals({ days: 1 })).toBe(9);
  expect(await totals({ days: 2 })).toBe(12);
  expect(await totals({ to: "2026-10-25", days: 2 })).toBe(3);
  expect(await totals({ from: "2026-10-25", to: "2026-11-22" })).toBe(5);
  expect(await totals({ from: "2026-01-01" })).toBe(15);
});

test("what is told apart is the asker's choice, page by page", async () => {
  const by = ["person", "provider"] as const;
  const first = await house.client.usage.list({ by, days: 2 }, { limit: 2 });
  const rest = await house.client.usage.list({ by, days: 2 }, { limit: 2, after: first.next! });
  const told = [...first.items, ...rest.items].map(({ day, person, provider, requests }) => [
    ...[day, person, provider, requests],
  ]);
  expect(told).toEqual([
    [null, "ada", "cohere", 3],
    [null, "ada", "groq", 4],
    [null, "owner", "groq", 5],
  ]);
  expect([first.total.requests, rest.total.requests, rest.next]).toEqual([12, 12, null]);
});

test.each([
  ["by=hour", "/by/0"],
  ["by=", "/by/0"],
  ["from=yesterday", "/from"],
  ["days=0", "/days"],
  ["days=99999", "/days"],
  ["hours=3", "/hours"],
])("?%s is refused, and says where", async (query, pointer) => {
  const answer = await fetch(`${house.url}/v1/usage?${query}`, {
    headers: { authorization: `Bearer ${house.key}` },
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ errors: [{ pointer }] });
});

test.each([
  { from: "2026-11-02", to: "2026-11-01" },
  { from: "2026-11-02", days: 3 },
])("days that contradict each other are refused: %j", async (wish) => {
  await expect(house.client.usage.list(wish)).rejects.toMatchObject({
    problem: { code: "invalid_request" },
  });
});
