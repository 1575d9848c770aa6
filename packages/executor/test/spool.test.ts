/** What a killed executor's files still tell of a command's output, and what they never do. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keepOutput } from "../src/output.ts";
import { openSpool, spoolFileBytes } from "../src/spool/spool.ts";
import { flipByte } from "./bytes.ts";
import { scratchHome } from "./scratch.ts";

/** Spools the chunks of one command as a running executor does, and leaves the file. */
function spooled(chunks: Buffer[], limit_bytes: number) {
  const home = scratchHome();
  const told: string[] = [];
  const spool = openSpool(home, (text) => told.push(text));
  const kept = keepOutput(limit_bytes);
  const begun = spool.begin("c", limit_bytes, kept);
  const sizes = chunks.map((chunk, at) => {
    kept.push(chunk);
    begun.add(chunk);
    if (at % 3 === 0) begun.catchUp();
    return spool.bytes();
  });
  begun.catchUp();
  begun.close();
  const file = join(home, "exec", "spool", "c.out");
  return { home, spool, kept, file, sizes, told };
}

const words = (...text: string[]) => text.map((word) => Buffer.from(word));

test("what is read again is what the end would have told, for any chunks and limit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 700 }), { maxLength: 40 }),
      fc.integer({ min: 16, max: 2048 }),
      (chunks, limit_bytes) => {
        const { spool, kept, sizes } = spooled(
          chunks.map((chunk) => Buffer.from(chunk)),
          limit_bytes,
        );
        const { output, output_truncated } = kept.finish();
        const expected = chunks.length === 0 ? null : { output, output_truncated, damage: null };
        expect(spool.read("c")).toEqual(expected);
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(spoolFileBytes(limit_bytes) + 44);
      },
    ),
    { numRuns: 200 },
  );
});

test("a command without output has no file; an ended one's is gone", () => {
  const { home, spool } = spooled([], 1024);
  expect(readdirSync(join(home, "exec", "spool"))).toEqual([]);
  expect(spool.read("c")).toBeNull();
  const other = spooled(words("said"), 1024);
  other.spool.discard("c");
  expect(existsSync(other.file)).toBe(false);
  expect(other.spool.bytes()).toBe(0);
});

test("a torn tail is left out, and said", () => {
  const { spool, file } = spooled(words("first ", "second ", "third"), 1024);
  truncateSync(file, readFileSync(file).length - 3);
  expect(spool.read("c")).toEqual({
    output: "first second ",
    output_truncated: true,
    damage: expect.stringMatching(/torn or damaged after \d+ of \d+ bytes/),
  });
});

test("from a flipped byte on nothing is believed", () => {
  const { spool, file } = spooled(words("first ", "second ", "third"), 1024);
  flipByte(file, "second");
  expect(spool.read("c")).toMatchObject({ output: "first ", output_truncated: true });
  flipByte(file, "MSP1");
  expect(spool.read("c")).toMatchObject({ output: "", damage: expect.stringContaining("damaged") });
});

test("another command's file is not believed under this one's name", () => {
  const { spool, file } = spooled(words("not yours"), 1024);
  renameSync(file, file.replace("c.out", "d.out"));
  expect(spool.read("d")).toMatchObject({ output: "", damage: expect.stringContaining("damaged") });
});

test("files of unknown commands go when everything known has ended", () => {
  const { home, spool } = spooled(words("said"), 1024);
  writeFileSync(join(home, "exec", "spool", "stranger.out"), "MSP1");
  writeFileSync(join(home, "exec", "spool", "c.out.new"), "half");
  spool.clear();
  expect(readdirSync(join(home, "exec", "spool"))).toEqual([]);
});

test("a disk that takes nothing costs the spool, not the command", () => {
  const home = scratchHome();
  const told: string[] = [];
  const spool = openSpool(home, (text) => told.push(text));
  const kept = keepOutput(1024);
  const begun = spool.begin("no/such/folder", 1024, kept);
  for (const chunk of words("one", "two")) {
    kept.push(chunk);
    begun.add(chunk);
  }
  begun.close();
  expect(kept.finish().output).toBe("onetwo");
  expect(told).toEqual([expect.stringMatching(/is not kept on disk: ENOENT/)]);
});

test("a file that the disk did not take whole is not left to take its room", () => {
  const home = scratchHome();
  const told: string[] = [];
  const spool = openSpool(home, (text) => told.push(text));
  const file = join(home, "exec", "spool", "c.out");
  symlinkSync("/dev/full", file);
  const kept = keepOutput(1024);
  const begun = spool.begin("c", 1024, kept);
  const [chunk] = words("something");
  kept.push(chunk!);
  begun.add(chunk!);
  expect(told).toEqual([expect.stringContaining("ENOSPC")]);
  expect(readdirSync(join(home, "exec", "spool"))).toEqual([]);
});
