import type { JournalBody, JournalEvent } from "@mainstay/sdk/events";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelMessage } from "../../src/kernel/model.ts";
import { estimateTokens, messageTokens } from "../../src/kernel/tokens.ts";
import { budgetOf, type Fit, nextCompaction } from "../../src/memory/compaction.ts";
import { fitHistory } from "../../src/memory/history.ts";

const CONTEXT_TOKENS = 80_000;

const accepted = (message: string): JournalBody => ({
  ...{ type: "accepted", message, urgency: "interactive", model: null, on_disconnect: "detach" },
  ...{ session_id: "ses_1", workspace_id: "ws_1" },
});

const journal = (...bodies: JournalBody[]): JournalEvent[] =>
  bodies.map((body, at) => ({ ...body, seq: at + 1, at }));

/** A conversation with a past of so many messages of so many characters each, before the request. */
function conversation(request: string, past: readonly number[]): Fit {
  const before = past.map((chars, at): ModelMessage =>
    at % 2 === 0
      ? { role: "user", text: "q".repeat(chars) }
      : { role: "assistant", text: "a".repeat(chars), tool_calls: [] },
  );
  return (budget) => fitHistory([...before, { role: "user", text: request }], budget);
}

/** Compacts as often as a turn may, and returns the events it wrote. */
function compactTwice(request: string, fit: Fit): JournalEvent[] {
  const events = journal(accepted(request));
  for (let times = 1; times <= 2; times++) {
    const next = nextCompaction(events, CONTEXT_TOKENS, fit);
    if (next === null) break;
    events.push({ type: "compacted", step: 1, ...next, seq: events.length + 1, at: 0 });
  }
  return events;
}

const compactions = (events: readonly JournalEvent[]) =>
  events.filter((event) => event.type === "compacted");

test("a long history is halved, then cut to an eighth", () => {
  const fit = conversation(
    "go on",
    Array.from({ length: 100 }, () => 700),
  );
  const asked_tokens = messageTokens(fit(CONTEXT_TOKENS));
  const [first, second] = compactions(compactTwice("go on", fit));
  expect(first).toMatchObject({ times: 1, tokens_before: asked_tokens });
  expect(first!.tokens_after).toBeLessThanOrEqual(asked_tokens / 2);
  expect(first!.tokens_after).toBeGreaterThan(asked_tokens * 0.4);
  expect(second).toMatchObject({ times: 2, tokens_before: first!.tokens_after });
  expect(second!.tokens_after).toBeLessThanOrEqual(asked_tokens / 8);
  expect(first!.left_out + second!.left_out).toBeGreaterThan(80);
});

test("a message that is long alone is not cut: nothing can be left out", () => {
  const message = "m".repeat(40_000);
  expect(
    nextCompaction(journal(accepted(message)), CONTEXT_TOKENS, conversation(message, [])),
  ).toBe(null);
});

test("before the first there is no other budget than everybody's", () =>
  expect(budgetOf(journal(accepted("hi")), CONTEXT_TOKENS)).toBe(CONTEXT_TOKENS));

test("each compaction asks with less, the person's words stay whole, and the journal alone decides", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60_000 }),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 40 }),
      (request_chars, past) => {
        const request = "r".repeat(request_chars);
        const fit = conversation(request, past);
        const events = compactTwice(request, fit);
        let asked_tokens = messageTokens(fit(CONTEXT_TOKENS));
        for (const [at, { times, tokens_before, tokens_after }] of compactions(events).entries()) {
          expect([times, tokens_before]).toEqual([at + 1, asked_tokens]);
          expect(tokens_after).toBeLessThan(asked_tokens);
          asked_tokens = tokens_after;
        }
        const messages = fit(budgetOf(events, CONTEXT_TOKENS));
        expect(messageTokens(messages)).toBe(asked_tokens);
        expect(messages.at(-1)).toEqual({ role: "user", text: request });
        expect(estimateTokens(request)).toBeLessThanOrEqual(asked_tokens);
      },
    ),
  ));
