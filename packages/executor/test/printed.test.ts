/** Live text and the tail for who comes late: offsets meet without a gap or an overlap. */
import fc from "fast-check";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { keepPrinted } from "../src/printed.ts";
import { openSpool } from "../src/spool/spool.ts";
import { scratchHome } from "./scratch.ts";

const file = { begin: () => ({ add: () => {}, catchUp: () => {}, close: () => {} }) };
const clock = { ...systemClock, after: () => () => {} };
const nowhere = { spool: file, logs: file, clock };

function print(chunks: Buffer[], output_bytes: number) {
  const told: { offset: number; text: string }[] = [];
  const plan = { command_id: "c", limits: { wall_ms: 1, output_bytes } };
  const printed = keepPrinted(plan, nowhere, (offset, text) => told.push({ offset, text }));
  for (const chunk of chunks) printed.push(chunk);
  const late = printed.tail();
  return { late, told, live: told.map(({ text }) => text).join("") };
}

function cut(all: Buffer, cuts: number[]): Buffer[] {
  const ends = cuts.map((_, at) => cuts.slice(0, at + 1).reduce((sum, length) => sum + length, 0));
  return [...ends, all.length].map((end, at) => all.subarray(ends[at - 1] ?? 0, end));
}

test("whenever somebody comes, the tail is what was told last, and live text goes on behind it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" }), { maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }),
      fc.integer({ min: 16, max: 256 }),
      (words, cuts, output_bytes) => {
        const { late, told, live } = print(cut(Buffer.from(words.join("")), cuts), output_bytes);
        const { offset, text } = late;
        expect(live.slice(offset)).toBe(text);
        expect(told.at(-1)?.offset ?? 0).toBe(live.length - (told.at(-1)?.text.length ?? 0));
        if (Buffer.byteLength(live) <= output_bytes) expect(offset).toBe(0);
      },
    ),
    { numRuns: 500 },
  );
});

test("the tail is 64 KiB at most, and bytes that are no text break no offset", () => {
  const big = print([Buffer.alloc(200_000, "é")], 1 << 19);
  expect(Buffer.byteLength(big.late.text)).toBe(65_536);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 30 }), (chunks) => {
      const { late, live } = print(chunks.map(Buffer.from), 1024);
      expect(late.offset + late.text.length).toBe(live.length);
    }),
  );
});

test("what is told is on the disk's side by then, also of a flood", () => {
  const home = scratchHome();
  const spool = openSpool(home, () => {});
  const timers: (() => void)[] = [];
  const by_hand = {
    ...clock,
    after: (_ms: number, run: () => void) => (timers.push(run), () => {}),
  };
  let told = 0;
  const printed = keepPrinted(
    { command_id: "c", limits: { wall_ms: 1, output_bytes: 1024 } },
    { spool, logs: file, clock: by_hand },
    (_offset, text) => {
      told += 1;
      expect(spool.read("c")?.output.endsWith(text.slice(-200))).toBe(true);
    },
  );
  for (let round = 0; round < 20; round += 1) {
    for (let line = 0; line < 50; line += 1) printed.push(Buffer.from(`${round}: line ${line}\n`));
    timers.shift()?.();
  }
  expect(told).toBe(21);
});

test("what a command shows is its last line, and how far that says it is", () => {
  const plan = { command_id: "c", limits: { wall_ms: 1, output_bytes: 1024 } };
  const printed = keepPrinted(plan, nowhere, () => {});
  expect(printed.showing()).toEqual({ last_line: null, percent: null });
  printed.push(Buffer.from("x".repeat(3_000) + "\n[ 12%] Buil"));
  printed.push(Buffer.from("ding\n"));
  expect(printed.showing()).toEqual({ last_line: "[ 12%] Building", percent: 12 });
  printed.push(Buffer.from("warning\n"));
  expect(printed.showing()).toEqual({ last_line: "warning", percent: null });
});
