import { afterEach, beforeEach, expect, test } from "vitest";
import { openData } from "./data-file.ts";
import { type House, openHouse, says } from "./house.ts";

let house: House;
let gate: PromiseWithResolvers<void>;
beforeEach(async () => {
  gate = Promise.withResolvers();
  const slow = { ...says("Late."), gate: gate.promise };
  house = await openHouse({
    script: ({ messages }) =>
      JSON.stringify(messages.at(-1)).includes("slow") ? slow : says("Blue."),
  });
});
afterEach(() => house.close());

/** Changes when an event was, and leaves its checksum. */
function damage(turn_id: string, type: string): void {
  const db = openData(house.home);
  const change = db.prepare("update journal set at = at + 1 where turn_id = ? and type = ?");
  expect(change.run(turn_id, type).changes).toBe(1);
  db.close();
}

const ask = (path: string) =>
  fetch(`${house.url}/v1/turns${path}`, { headers: { authorization: `Bearer ${house.key}` } });

test("a damaged turn is a problem that names it, its neighbours are told, and its session goes on", async () => {
  const good = await house.ask("What colour is the sky?");
  const bad = await house.ask("And the sea?", { session_id: good.session_id });
  damage(bad.id, "step_ended");
  for (const path of [`/${bad.id}`, `/${bad.id}/events`]) {
    const answer = await ask(path);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      code: "journal_damaged",
      detail: expect.stringContaining(`the journal of ${bad.id} is damaged: event 4`),
    });
  }
  const { items } = await house.client.turns.list({});
  expect(items).toMatchObject([
    { id: bad.id, state: "done", answer: null, error: { code: "journal_damaged" } },
    good,
  ]);
  const next = await house.ask("And now?", { session_id: good.session_id });
  expect(next).toMatchObject({ state: "done", answer: "Blue." });
  expect(JSON.stringify(house.model.requests.at(-1))).toContain("Its record is damaged");
});

test("a damaged open turn ends as failed at the next start, and says so; the one beside it goes on", async () => {
  const bad = await house.client.turns.create({ message: "a slow one" });
  const good = await house.client.turns.create({ message: "another slow one" });
  for (const { id } of [bad, good])
    await house.until(id, ({ type }) => type === "attempt_started", { watch: true });
  damage(bad.id, "attempt_started");
  await house.restart();
  gate.resolve();
  expect(await house.client.turns.get(bad.id)).toMatchObject({
    state: "failed",
    message: "a slow one",
    answer: expect.stringContaining("is damaged after event 2"),
    error: { code: "journal_damaged" },
  });
  expect((await house.journal(bad.id)).map(({ type }) => type)).toEqual([
    "accepted",
    "started",
    "settled",
  ]);
  await house.until(good.id, ({ type }) => type === "settled");
  expect(await house.client.turns.get(good.id)).toMatchObject({ state: "done", answer: "Late." });
});
