import { NewUser } from "@mainstay/sdk/people";
import { NewTurn } from "@mainstay/sdk/turn";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { describe as described, quoted } from "../../src/door/excerpt.ts";
import { faultsOf, pointerOf, sentenceOf } from "../../src/door/faults.ts";

const faults = (schema: z.ZodType, input: unknown) => {
  const result = schema.safeParse(input);
  return result.success ? [] : faultsOf(schema, input, result.error.issues);
};

const sentences = (schema: z.ZodType, input: unknown) =>
  faults(schema, input).map((fault) => sentenceOf(fault, "body"));

const Everything = z.strictObject({
  name: z.string().min(2).max(5).optional(),
  list: z.array(z.number().min(1)).max(2).optional(),
  either: z.union([z.string(), z.number()]).optional(),
  kind: z
    .discriminatedUnion("k", [
      z.object({ k: z.literal("a") }),
      z.object({ k: z.literal("b"), n: z.int() }),
    ])
    .optional(),
  map: z.record(z.string().max(2), z.boolean()).optional(),
  at: z.iso.datetime().optional(),
  step: z.number().multipleOf(5).optional(),
  nested: z.strictObject({ deep: z.strictObject({ x: z.string() }).optional() }).optional(),
});

test.each([
  [NewTurn, { message: null }, ["`/message` must be a string, got null; send text"]],
  [NewTurn, null, ["the body must be an object, got null; send a JSON object"]],
  [NewTurn, undefined, ["the body must be an object, got nothing; send a JSON object"]],
  [NewTurn, [], ["the body must be an object, got an array of 0 items; send a JSON object"]],
  [NewTurn, {}, ["`/message` must be a string, got nothing; add it: send text"]],
  [
    NewTurn,
    { message: " " },
    ['`/message` must be text that is not empty, got the text " "; send text that is not empty'],
  ],
  [
    NewTurn,
    { message: "x", urgency: "soon" },
    [
      '`/urgency` must be "interactive" or "batch", got the text "soon"; send "interactive" or "batch"',
    ],
  ],
  [
    NewTurn,
    { message: "x", mesage: 1 },
    [
      "`/mesage` must be left out (the fields here are message, session_id, workspace, urgency, model, on_disconnect), got the number 1; remove or rename it",
    ],
  ],
  [
    Everything,
    { name: "x" },
    [
      '`/name` must be text of at least 2 characters, got the text "x"; send text of at least 2 characters',
    ],
  ],
  [
    Everything,
    { list: [0, "x"] },
    [
      "`/list/0` must be a number of at least 1, got the number 0; send a number of at least 1",
      '`/list/1` must be a number, got the text "x"; send a number',
    ],
  ],
  [
    Everything,
    { list: [1, 2, 3] },
    [
      "`/list` must be an array of at most 2 items, got an array of 3 items; send an array of at most 2 items",
    ],
  ],
  [
    Everything,
    { either: true },
    ["`/either` must be a string or a number, got the boolean true; send text or send a number"],
  ],
  [
    Everything,
    { kind: { k: "c" } },
    ['`/kind/k` must be "a" or "b", got the text "c"; send "a" or "b"'],
  ],
  [
    Everything,
    { kind: { k: "b", n: 1.5 } },
    ["`/kind/n` must be a whole number, got the number 1.5; send a number without a fraction"],
  ],
  [
    Everything,
    { map: { long: true } },
    [
      "`/map/long` must be under a name that is text of at most 2 characters, got the boolean true; rename it",
    ],
  ],
  [
    Everything,
    { at: "now" },
    [
      '`/at` must be a time like 2026-01-31T12:00:00Z, got the text "now"; send a time like 2026-01-31T12:00:00Z',
    ],
  ],
  ...["🎉", "", "a\nb"].map((name): [z.ZodType, unknown, string[]] => [
    NewUser,
    { name },
    [
      "`/name` must be letters, digits and _ . @ -, a letter or digit first, got the text " +
        `${JSON.stringify(name)}; send it in this form`,
    ],
  ]),
  [
    Everything,
    { step: 3 },
    ["`/step` must be a multiple of 5, got the number 3; send a multiple of 5"],
  ],
  [
    Everything,
    { nested: { deep: { x: "x", y: 1 } } },
    [
      "`/nested/deep/y` must be left out (the fields here are x), got the number 1; remove or rename it",
    ],
  ],
])("%# a fault is said in plain words", (schema, input, expected) => {
  expect(sentences(schema, input)).toEqual(expected);
});

test("whatever comes for NewTurn, each fault names a place, what belongs there, what came and a fix", () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (input) => {
      for (const fault of faults(NewTurn, input)) {
        expect(fault.pointer).toMatch(/^(\/([^~/]|~[01])*)*$/);
        for (const part of [fault.expected, fault.got, fault.fix]) expect(part).not.toBe("");
        expect(sentenceOf(fault, "body")).not.toMatch(/undefined|\[object|NaN$|Invalid input/);
      }
    }),
    { numRuns: 300 },
  );
});

test("a pointer leads back to its place by RFC 6901", () => {
  const plain = fc.string({ unit: "grapheme-ascii", maxLength: 20 });
  fc.assert(
    fc.property(fc.array(fc.oneof(plain, fc.nat(9)), { maxLength: 5 }), (path) => {
      const tokens = pointerOf(path)
        .split("/")
        .slice(1)
        .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
      expect(tokens).toEqual(path.map(String));
    }),
  );
});

test("what is shown of an input is short and printable", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      expect(described(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(pointerOf([text])).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      if (text.length > 40) expect(described(text)).toMatch(/^text of \d+ characters$/);
    }),
  );
  expect(quoted("a\u202eb\u001b[31m\u200b")).toBe('"a\\u{202e}b\\u001b[31m\\u{200b}"');
});

test.each([
  ["mst_0123abcd_xyz", ""],
  ["sk-abc", ""],
  ["Bearer abc", ""],
  ["hunter2", "password"],
  ["hunter2", "api_key"],
  ["A1b2C3d4E5f6G7h8I9j0", ""],
])("a secret is counted, not shown: %s %s", (secret, name) => {
  expect(described(secret, name)).toBe(`text of ${secret.length} characters`);
});

test("faults told at once are bounded", () => {
  const input = {
    message: "x",
    ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 1])),
  };
  expect(faults(NewTurn, input)).toHaveLength(20);
});
