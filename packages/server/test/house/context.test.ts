import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ParsedChatRequest } from "@mainstay/fake-provider/chat-request";
import { wireFault } from "@mainstay/fake-provider/faults";
import type { Reply, Script } from "@mainstay/fake-provider/script";
import { afterEach, expect, test } from "vitest";
import { calls, type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

const TOO_LONG = wireFault("openai", "context_too_long");
const textOf = (request: ParsedChatRequest): string => JSON.stringify(request.messages);

/** A model that takes no more than so many characters of messages. */
const upTo =
  (limit_chars: () => number, replyTo: (request: ParsedChatRequest) => Reply): Script =>
  (request) =>
    textOf(request).length > limit_chars() ? TOO_LONG : replyTo(request);

const compactionsOf = async (turn_id: string) =>
  (await house.journal(turn_id)).filter((event) => event.type === "compacted");

test("a session that has grown too long for its model goes on with less of its past", async () => {
  let limit_chars = Infinity;
  house = await openHouse({
    script: upTo(
      () => limit_chars,
      () => says("Noted."),
    ),
  });
  const { session_id } = await house.ask(`first ${"a ".repeat(10_000)}`);
  await house.ask(`second ${"b ".repeat(10_000)}`, { session_id });
  limit_chars = 25_000;
  const turn = await house.ask("And what now?", { session_id });
  expect(turn).toMatchObject({ state: "done", answer: "Noted.", error: null });
  const compactions = await compactionsOf(turn.id);
  expect(compactions.map(({ times }) => times)).toEqual([1]);
  expect(house.model.requests).toHaveLength(4);
  const [asked, again] = house.model.requests.slice(-2).map(textOf);
  expect(again!.length).toBeLessThan(asked!.length / 1.5);
  expect(again).toContain("earlier messages left out");
  expect(again).toContain("And what now?");
});

test("20 turns that are too long each time: three requests at most, of one model, and a clear end", async () => {
  let is_full = false;
  const small = upTo(
    () => (is_full ? 0 : Infinity),
    () => says("Noted."),
  );
  house = await openHouse({ providers: [small, () => says("Nobody asks me.")] });
  const [first, second] = house.models;
  const { session_id } = await house.ask(`first ${"a ".repeat(3_000)}`);
  for (let n = 0; n < 5; n++) await house.ask(`more ${"b ".repeat(3_000)}`, { session_id });
  is_full = true;
  for (let n = 0; n < 20; n++) {
    const before = first!.requests.length;
    const turn = await house.ask(`And ${n}?`, { session_id });
    expect(turn).toMatchObject({ state: "failed", error: { code: "context_too_long" } });
    expect(turn.answer).toMatch(/too long for fake-1\/fake-model-1.* new session/u);
    expect(turn.answer).toContain("Nothing was run or changed.");
    const requests = first!.requests.length - before;
    expect(requests).toBeLessThanOrEqual(3);
    if (n === 0) expect(requests).toBe(3);
  }
  expect(second!.requests).toEqual([]);
}, 120_000);

test("a message that is too long alone is never cut: it says so after one request", async () => {
  house = await openHouse({
    script: upTo(
      () => 4_000,
      () => says("Half of it."),
    ),
  });
  const turn = await house.ask("long ".repeat(8_000));
  expect(turn).toMatchObject({ state: "failed", error: { code: "context_too_long" } });
  expect(turn.answer).toMatch(/^Your message alone is too long for .* about 11429 tokens/u);
  expect(house.model.requests).toHaveLength(1);
});

test("results of a step that do not fit are cut, and what was done is not done again", async () => {
  const file = "notes.txt";
  house = await openHouse({
    script: upTo(
      () => 16_000,
      (request) =>
        request.messages.some(({ role }) => role === "tool")
          ? says("Read, as far as it fits.")
          : calls("read_file", { path: file, intent: "look" }),
    ),
  });
  const { workspace_id } = await house.ask("hello");
  const { items } = await house.client.workspaces.list();
  const { path } = items.find(({ id }) => id === workspace_id)!;
  await writeFile(join(path, file), "some words of it\n".repeat(1_300));
  const turn = await house.ask("Read it.");
  expect(turn).toMatchObject({ state: "done", answer: "Read, as far as it fits." });
  const journal = await house.journal(turn.id);
  const kinds = journal.map(({ type }) => type);
  expect(kinds.filter((type) => type === "tool_started")).toHaveLength(1);
  expect(kinds.filter((type) => type === "compacted")).toHaveLength(1);
  expect(textOf(house.model.requests.at(-1)!)).toContain("the middle is left out");
});
