import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

const one = () => says("One.");
const two = () => says("Two.");
const provider = "fake-1";

test("a provider that is paused is asked nothing: the next one answers, and everybody is told why", async () => {
  house = await openHouse({ providers: [one, two] });
  const { client } = house;
  const { pause } = await client.pauses.set({ scope: "provider", provider, reason: "a bill" });
  expect(pause).toMatchObject({ scope: "provider", by: "owner", reason: "a bill" });
  expect(await client.pauses.now()).toMatchObject({ providers: [{ provider, pause }] });
  expect(await house.ask("hello")).toMatchObject({ answer: "Two.", provider: "fake-2" });
  expect([house.models[0]!.requests.length, house.models[1]!.requests.length]).toEqual([0, 1]);
  const [first, second] = (await client.providers.list()).items;
  expect([first, second]).toMatchObject([
    { id: provider, pause },
    { id: "fake-2", pause: null },
  ]);
  const { level, checks } = await client.readyz();
  expect(level).toBe("reduced");
  expect(checks).toContainEqual({
    name: "models",
    ok: true,
    detail: `some cannot be asked: ${provider} (paused by owner)`,
  });
  const detail = "no executor runs yet: the first command starts it";
  expect(checks).toContainEqual({ name: "spool", ok: true, detail });
  await client.pauses.lift({ scope: "provider", provider });
  expect(await house.ask("hello")).toMatchObject({ answer: "One." });
  expect((await client.readyz()).level).toBe("full");
  expect(trailOf(house.home)).toMatchObject([
    { kind: "pause_set", scope: "provider", provider, person_id: null },
    { kind: "pause_lifted", scope: "provider", provider, person_id: null },
  ]);
});

test("where all are paused the turn parks, also over a restart, and goes on by itself at the lift", async () => {
  house = await openHouse({ providers: [one] });
  await house.client.pauses.set({ scope: "provider", provider });
  const asked = await house.ask("hello");
  const said = /: this provider is paused by owner .*\n.*mainstay resume provider fake-1$/;
  expect(asked).toMatchObject({ state: "parked", answer: expect.stringMatching(said) });
  await house.restart();
  expect(await house.client.readyz()).toMatchObject({ ready: true, level: "offline" });
  expect(await house.client.turns.get(asked.id)).toMatchObject({ state: "parked" });
  await house.client.pauses.lift({ scope: "provider", provider });
  await house.until(asked.id, ({ type }) => type === "settled");
  expect(await house.client.turns.get(asked.id)).toMatchObject({ state: "done", answer: "One." });
  expect(await house.journal(asked.id)).toContainEqual(
    expect.objectContaining({
      ...{ type: "retried", after: "recovery", by: "fake-1 can be asked again" },
    }),
  );
  expect(house.model.requests).toHaveLength(1);
});

test("what it is answering goes on, unless it is to end: then the next one answers", async () => {
  const slow = { text: "One, slowly.", first_token_delay_ms: 60_000 };
  house = await openHouse({ providers: [() => slow, two] });
  const { client, models } = house;
  const turn = await client.turns.create({ message: "hello" });
  await models[0]!.waitForRequest(1);
  await client.pauses.set({ scope: "provider", provider });
  expect(await client.turns.get(turn.id)).toMatchObject({ state: "running" });
  await client.pauses.set({ scope: "provider", provider, kill: true });
  await models[0]!.waitForHangUp(1);
  await house.until(turn.id, ({ type }) => type === "settled");
  expect(await client.turns.get(turn.id)).toMatchObject({ answer: "Two.", provider: "fake-2" });
  const failed = (await house.journal(turn.id)).find(({ type }) => type === "attempt_failed");
  expect(failed).toMatchObject({ code: "cancelled", message: expect.stringContaining("paused") });
});

test("a provider that nobody has is not paused, and what is paused names one thing", async () => {
  house = await openHouse({ providers: [one] });
  const { pauses } = house.client;
  await expect(pauses.set({ scope: "provider", provider: "grok" })).rejects.toMatchObject({
    problem: { code: "not_found", detail: "There is no provider grok; there are fake-1." },
  });
  for (const what of [
    { scope: "provider" },
    { scope: "commands", provider },
    { scope: "provider", provider, person: "owner" },
  ] as const)
    await expect(pauses.set(what)).rejects.toMatchObject({ problem: { code: "invalid_request" } });
  expect(await pauses.now()).toEqual({ commands: null, people: [], providers: [] });
  expect(await pauses.lift({ scope: "provider", provider: "grok" })).toEqual({ lifted: false });
});

function trailOf(home: string): { kind: string }[] {
  const db = new DatabaseSync(join(home, "mainstay.db"), { readOnly: true });
  const rows = db.prepare("select body from audit order by seq").all();
  db.close();
  return rows
    .map(({ body }) => JSON.parse(String(body)) as { kind: string })
    .filter(({ kind }) => kind.startsWith("pause"));
}
