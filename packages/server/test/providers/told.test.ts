import fc from "fast-check";
import { expect, test } from "vitest";
import { told } from "../../src/providers/told.ts";

test("a provider that quotes the key does not make us tell it", () => {
  const key = "a-key-of-no-known-shape";
  expect(told(`401: wrong key ${key}, try ${key}`, [key])).toBe("401: wrong key [key], try [key]");
  expect(told("Incorrect API key provided: sk-live-SECRET123456.", [])).not.toContain("SECRET");
  expect(told("a short secret is a placeholder: fake", ["fake"])).toContain("fake");
});

test("whatever it says is one visible line of bounded length, without the secrets", () => {
  const secret = "0123456789abcdef";
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), fc.nat(2_000), (text, at) => {
      const line = told(text.slice(0, at) + secret + text.slice(at), [secret]);
      expect(line.length).toBeLessThanOrEqual(300);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(line).not.toContain(secret);
      expect(line.isWellFormed()).toBe(true);
    }),
  );
});
