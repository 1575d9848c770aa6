/**
 * Streams that are cut at every chunk of a text and of a call: nobody sees a word twice or half a call
 * made, and every effect comes about once.
 */
import type { ParsedChatRequest } from "@mainstay/fake-provider/chat-request";
import type { Reply, Script } from "@mainstay/fake-provider/script";
import { type ClientEvent, isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { afterEach, expect, test } from "vitest";
import { advance, no_text } from "../packages/cli/src/conversation/live-text.ts";
import type { ModelPart } from "../packages/server/src/kernel/model.ts";
import { calls, type House, openHouse } from "../packages/server/test/house/house.ts";
import { report, rounds } from "./plan.ts";
import { requestWithTool } from "./providers/faults.ts";
import { type Asked, openScene } from "./providers/scene.ts";

const TEXT = "A first word, then many another: häuser, 日本, and at last the end. "
  .repeat(2)
  .trim();
const CALL = { name: "read_file", arguments: { path: "a/folder/with/a/long/name/and/a/file.ts" } };
const SIZE = 6;
/** Enough for the longest of them; past the last of one only the finish reason is missing. */
const CHUNKS =
  Math.ceil(Math.max(TEXT.length, JSON.stringify(CALL).length + TEXT.length) / SIZE) + 1;
const STEP = rounds({ short: 3, long: 1 });
const cuts = Array.from({ length: Math.ceil(CHUNKS / STEP) }, (_, i) => i * STEP);

const whole = {
  text: { text: TEXT, chunk_size: SIZE },
  call: { text: "I look into it.", tool_calls: [CALL], chunk_size: SIZE },
} satisfies Record<string, Reply>;

type Kind = keyof typeof whole;

/** The first answer is cut, by a target that has a neighbour or has none. */
async function cutAt(kind: Kind, chunk: number, has_neighbour: boolean): Promise<Asked> {
  const cut: Reply = { ...whole[kind], cut_after_chunks: chunk };
  const first: Script = (_, n) => (has_neighbour || n === 1 ? cut : whole[kind]);
  const scripts = has_neighbour ? [first, () => whole[kind]] : [first];
  const scene = await openScene({ scripts });
  try {
    return await scene.ask(requestWithTool);
  } finally {
    await scene.close();
  }
}

const callsIn = (parts: readonly ModelPart[]) =>
  parts.flatMap((part) =>
    part.type === "tool_call" ? [JSON.parse(part.call.input) as object] : [],
  );

test.each(["text", "call"] as const)(
  "a %s that is cut at any chunk comes whole, once",
  async (kind) => {
    let restarts = 0;
    for (const chunk of cuts)
      for (const has_neighbour of [true, false]) {
        const { parts, shown, fault } = await cutAt(kind, chunk, has_neighbour);
        const expected = kind === "call" ? [CALL.arguments] : [];
        expect({ fault, shown, calls: callsIn(parts) }, `cut at ${chunk}`).toEqual({
          ...{ fault: null, shown: whole[kind].text, calls: expected },
        });
        const failures = parts.filter(({ type }) => type === "attempt_failed");
        expect(failures).toMatchObject([
          { provider: "p1", code: expect.stringMatching("cut|connect") },
        ]);
        restarts += parts.filter(({ type }) => type === "restart").length;
      }
    expect(restarts).toBeGreaterThan(0);
    const found = `all whole, 0 doubled; ${restarts} had shown something`;
    report(`a ${kind} cut at every chunk`, 2 * cuts.length, found);
  },
);

test("planted: who does not hear that a step starts anew sees words twice", async () => {
  const { parts } = await cutAt("text", 5, true);
  const deaf = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  expect(deaf).not.toBe(TEXT);
  expect(deaf.endsWith(TEXT)).toBe(true);
});

const TURNS = rounds({ short: 20, long: 120 });
let house: House | undefined;
afterEach(() => house?.close());

/** Which of its steps is cut, and where: a third of all, so that no target is left alone for it. */
const cutOf = (turn: number): { step: number; chunk: number } => ({
  step: turn % 2 === 0 ? 0 : 2,
  chunk: (turn * 3) % CHUNKS,
});

/** Turns of three steps: an edit, a look, an answer. */
const answering =
  (is_first: boolean): Script =>
  (request) => {
    const { turn, step } = placeOf(request);
    const cut = cutOf(turn);
    const reply = [
      calls("write_file", { path: `made-${turn}.txt`, content: TEXT }),
      calls("list_files", { path: "." }),
      { text: TEXT },
    ][step]!;
    const is_cut = is_first && cut.step === step;
    return { ...reply, chunk_size: SIZE, ...(is_cut && { cut_after_chunks: cut.chunk }) };
  };

function placeOf({ messages }: ParsedChatRequest): { turn: number; step: number } {
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const turn = Number(/turn (\d+)/.exec(JSON.stringify(messages[asked]?.content))![1]);
  const step = messages.slice(asked).filter(({ role }) => role === "assistant").length;
  return { turn, step };
}

/** The screen of whoever follows the turn, and its journal. */
async function followed(events: AsyncIterable<ClientEvent>) {
  const journal: JournalEvent[] = [];
  let screen = "";
  let live = no_text;
  for await (const event of events) {
    const { next, write, restarted } = advance(live, event);
    if (restarted || next.step !== live.step) screen = "";
    screen += write;
    live = next;
    if (isJournalEvent(event)) journal.push(event);
  }
  return { journal, screen };
}

test("turns whose steps are cut anywhere end whole: each edit is made once, each word is seen once", async () => {
  house = await openHouse({ providers: [answering(true), answering(false)] });
  const { client } = house;
  const made: string[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const { id } = await client.turns.create({ message: `turn ${turn}` });
    const { journal, screen } = await followed(client.events(id));
    expect(await client.turns.get(id)).toMatchObject({ state: "done", answer: TEXT });
    expect(screen).toBe(TEXT);
    const { step } = cutOf(turn);
    expect(journal.filter(({ type }) => type === "attempt_failed")).toMatchObject([
      { provider: "fake-1", step: step + 1, code: expect.stringMatching("cut|connect") },
    ]);
    const effects = journal.flatMap((event) =>
      event.type === "tool_started" ? [event.effect] : [],
    );
    made.push(...effects.flatMap((effect) => (effect.kind === "edit" ? [effect.edit_id] : [])));
  }
  expect(new Set(made).size).toBe(TURNS);
  expect(made).toHaveLength(TURNS);
  report("turns with a cut step", TURNS, "all finished, each effect once, each word once");
});
