import fc from "fast-check";
import { expect, test } from "vitest";
import { createEventGuard } from "../../src/providers/adapters/event-guard.ts";

/** What the guard says first of a body that comes in pieces that end at these places. */
function verdict(body: string, cuts: readonly number[]) {
  const bytes = Buffer.from(body);
  const guard = createEventGuard();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  let from = 0;
  for (const at of ends.toSorted((a, b) => a - b)) {
    const bad = guard.push(bytes.subarray(from, at));
    if (bad) return bad;
    from = at;
  }
  return guard.end();
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });
const newline = fc.constantFrom("\n", "\r\n");
const event = (data: unknown, end: string) => `data: ${JSON.stringify(data)}${end}${end}`;
const delta = fc
  .tuple(fc.string({ unit: "grapheme" }), fc.constantFrom("", '"error": "code"', '{"error":{}}'))
  .map(([text, quoted]) => ({ choices: [{ delta: { content: text + quoted } }] }));
const errors = [
  { error: { message: "Overloaded" } },
  { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
  { object: "error", message: "Rate limit exceeded", code: "1300" },
  { message: "Encountered a server error", type: "server_error", param: "", code: "" },
  { type: "message-end", delta: { finish_reason: "ERROR", error: "broken" } },
];

test("a stream of events is good in any pieces, whatever it talks about", () => {
  fc.assert(
    fc.property(fc.array(delta, { minLength: 1 }), newline, cuts, (deltas, end, at) => {
      const body = `: hello${end}${end}${deltas.map((each) => event(each, end)).join("")}`;
      expect(verdict(body, at)).toBeNull();
    }),
    { seed: 7, numRuns: 300 },
  );
});

test("an error in it is found in any pieces, with its words", () => {
  fc.assert(
    fc.property(
      fc.array(delta),
      fc.constantFrom(...errors),
      newline,
      fc.boolean(),
      cuts,
      (deltas, error, end, is_open, at) => {
        const told = `data: ${JSON.stringify(error)}${is_open ? "" : end + end}`;
        const body = `${deltas.map((each) => event(each, end)).join("")}${told}`;
        expect(JSON.parse(verdict(body, at)?.body ?? "null")).toEqual(error);
      },
    ),
    { seed: 7, numRuns: 300 },
  );
});

test("what is no stream is told as what it is, in any pieces", () => {
  const bodies = ['{"error": {"message": "no"}}', " \n<!DOCTYPE html><p>Bad gateway", "[1]", "502"];
  fc.assert(
    fc.property(fc.constantFrom(...bodies), cuts, (body, at) => {
      expect(verdict(body, at)).toMatchObject({ body: expect.stringContaining(body.trim()) });
    }),
    { seed: 7, numRuns: 200 },
  );
});

test.each(["\n|\n", "\r\n|\r\n", "\r\n\r|\n", "\n\n|", "|\n\n"])(
  "events may go on for ever, however their blank lines are cut: %j",
  (blank) => {
    const guard = createEventGuard();
    const [before, after] = blank.split("|") as [string, string];
    const half = Buffer.from(`data: ${"x".repeat(100_000)}${before}`);
    for (let i = 0; i < 25; i++)
      for (const piece of [half, Buffer.from(after)]) expect(guard.push(piece)).toBeNull();
  },
);

test("it is done at [DONE], in any pieces, and not where somebody talks of it", () => {
  const talk = event({ choices: [{ delta: { content: "\ndata: [DONE]\n" } }] }, "\n");
  fc.assert(
    fc.property(fc.boolean(), newline, cuts, (is_done, end, at) => {
      const guard = createEventGuard();
      const bytes = Buffer.from(`${talk}${is_done ? `data: [DONE]${end}${end}` : ""}`);
      const ends = [0, ...at.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
      ends.forEach((to, i) => guard.push(bytes.subarray(ends[i - 1] ?? 0, to)));
      expect(guard.isDone()).toBe(is_done);
    }),
    { seed: 7, numRuns: 100 },
  );
});

test("no byte at all is an answer that is empty", () => {
  expect(verdict("", [])).toMatchObject({ message: "the answer is empty" });
  expect(verdict("\n \n", [1])).toMatchObject({ message: "the answer is empty" });
});
