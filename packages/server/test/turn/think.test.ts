import type { JournalBody } from "@mainstay/sdk/events";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelPart } from "../../src/kernel/model.ts";
import { createLive } from "../../src/turn/live.ts";
import type { Pen } from "../../src/turn/pen.ts";
import { think } from "../../src/turn/think.ts";

/** The calls of a step in which a model calls with these ids. */
async function callsOf(ids: readonly string[]): Promise<string[]> {
  const noted: JournalBody[] = [];
  const pen = { note: (body) => noted.push(body), commit: async () => {} } as Partial<Pen> as Pen;
  async function* stream(): AsyncGenerator<ModelPart> {
    for (const id of ids) yield { type: "tool_call", call: { id, name: "shell", input: "{}" } };
    const usage = { input_tokens: 1, output_tokens: 1 };
    yield {
      type: "finish",
      reason: "tool_calls",
      provider: "p",
      model: "m",
      mode: "full",
      usage,
      why: null,
      bill: null,
    };
  }
  const place = { turn_id: "t", step: 1, attempt: 1 };
  const request = {
    turn_id: "t",
    messages: [],
    tools: [],
    model: null,
    said: "",
    check: () => null,
    waiting: () => {},
  };
  const { signal } = new AbortController();
  await think(
    { model: { stream }, live: createLive(), bills: () => [] },
    place,
    request,
    pen,
    signal,
  );
  return noted.flatMap((body) =>
    body.type === "step_ended" ? body.tool_calls.map(({ id }) => id) : [],
  );
}

const CALLS_A_STEP = 32;
const id = fc.stringMatching(/^b?(#[0-3]){0,2}$/);

test("whatever ids a model gives, each names one call, and one that is given once is kept", () =>
  fc.assert(
    fc.asyncProperty(fc.array(id, { maxLength: CALLS_A_STEP }), async (given) => {
      const ids = await callsOf(given);
      expect(ids).toHaveLength(given.length);
      expect(new Set(ids).size).toBe(given.length);
      expect(ids).not.toContain("");
      expect(ids[0]).toBe(given[0] || ids[0]);
    }),
    { examples: [[["b#2", "b", "b"]], [["", "#1", ""]], [["b", "b", "b#1"]]] },
  ));
