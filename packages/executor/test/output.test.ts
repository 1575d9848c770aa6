import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keepOutput } from "../src/output.ts";
import { heldBytes } from "./held-bytes.ts";

const keep = (chunks: Buffer[], limit_bytes: number) => {
  const keeper = keepOutput(limit_bytes);
  for (const chunk of chunks) keeper.push(chunk);
  return keeper.finish();
};

test("head and tail are kept, what is between is counted, all of it is hashed", () => {
  const all = Buffer.from(Array.from({ length: 1000 }, (_, at) => `line ${at}\n`).join(""));
  const kept = keep([all], 100);
  expect(kept.output).toMatch(/^line 0\n.*\[\d+ bytes left out\]\n.*line 999\n$/s);
  expect(kept.output_bytes).toBe(all.length);
  expect(kept.output_truncated).toBe(true);
  expect(kept.output_sha256).toBe(createHash("sha256").update(all).digest("hex"));
});

test("however text is cut into chunks: no character is broken, no byte is lost or uncounted", () => {
  const words = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 60 });
  fc.assert(
    fc.property(
      words,
      fc.array(fc.integer({ min: 1, max: 9 })),
      fc.integer({ min: 8, max: 200 }),
      (words, cuts, limit) => {
        const all = Buffer.from(words.join(""));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) chunks.push(all.subarray(at, (at += cut)));
        chunks.push(all.subarray(at));
        const kept = keep(chunks, limit);
        const text = all.toString();
        if (!kept.output_truncated) {
          expect(kept.output).toBe(text);
          return;
        }
        const note = /\n\[(\d+) bytes left out\]\n/.exec(kept.output);
        const head = kept.output.slice(0, note!.index);
        const tail = kept.output.slice(note!.index + note![0].length);
        expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
        const shown = Buffer.byteLength(head) + Buffer.byteLength(tail);
        expect(shown).toBeLessThanOrEqual(limit);
        expect(shown + Number(note![1])).toBe(all.length);
      },
    ),
    { numRuns: 300 },
  );
});

test("memory stays at the limit under many small chunks", () => {
  const keeper = keepOutput(1 << 14);
  const before = heldBytes(); // a fresh chunk each time, as from a pipe
  for (let count = 0; count < 200_000; count += 1) keeper.push(Buffer.alloc(64, 97));
  expect(keeper.bytes()).toBe(64 * 200_000);
  expect(heldBytes() - before).toBeLessThan(1 << 20);
  expect(keeper.finish().output_truncated).toBe(true);
});
