import { expect, test } from "vitest";
import { buffersOf, handedOver } from "../../../src/files/threads/transfer.ts";

test("what is handed over has its memory to itself, and is handed over once", () => {
  const small = Buffer.from("small");
  const large = Buffer.alloc(100_000);
  expect(small.buffer.byteLength, "it shares its memory").toBeGreaterThan(small.length);
  const plan = handedOver({
    contents: [
      { before: null, after: small },
      { before: small, after: large },
    ],
  });
  const [first, second] = plan.contents;
  expect(Buffer.from(first!.after!).toString()).toBe("small");
  expect(first!.after!.buffer.byteLength).toBe(5);
  expect(second!.before).toBe(first!.after);
  expect(second!.after).toBe(large);
  expect(buffersOf(plan)).toEqual([first!.after!.buffer, large.buffer]);
  expect(buffersOf({ contents: [{ before: small, after: null }] })).toEqual([]);
});
