/** All output on disk up to a bound: what a log holds, and which log goes first. */
import { existsSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LOG_BOUNDS, openOutputLogs } from "../src/output-log.ts";
import { scratchHome } from "./scratch.ts";

function openScratch(bounds: Partial<typeof LOG_BOUNDS> = {}, home = scratchHome()) {
  const told: string[] = [];
  let now = 1_700_000_000_000;
  const clock = { ...systemClock, now: () => now };
  const logs = openOutputLogs(
    home,
    { clock, log: (text) => told.push(text) },
    { ...LOG_BOUNDS, ...bounds },
  );
  function print(command_id: string, ...texts: string[]): void {
    const log = logs.begin(command_id);
    for (const text of texts) log.add(Buffer.from(text));
    log.close();
    now += 1;
  }
  const folder = join(home, "exec", "output");
  const text = async (command_id: string) =>
    (await logs.read(command_id, 0, 1 << 20)).bytes.toString();
  return { ...{ home, logs, told, print, text, folder }, pass: (ms: number) => (now += ms) };
}

test("any part of what was printed can be read, while it runs and after", async () => {
  const { logs } = openScratch();
  const log = logs.begin("c");
  log.add(Buffer.from([0, 255, 10]));
  expect(await logs.read("c", 1, 100)).toEqual({
    ...{ from: 1, bytes: Buffer.from([255, 10]), log_bytes: 3 },
  });
  log.add(Buffer.from("more"));
  log.close();
  log.add(Buffer.from("late"));
  expect(await logs.read("c", 3, 2)).toEqual({ from: 3, bytes: Buffer.from("mo"), log_bytes: 7 });
  const nothing = { from: 7, bytes: Buffer.alloc(0), log_bytes: 7 };
  expect(await logs.read("c", 7, 10)).toEqual(nothing);
  expect(await logs.read("c", 1_000, 10)).toEqual(nothing);
});

test("a command without output has no file, and nothing can be read of it", async () => {
  const { logs, print, folder } = openScratch();
  print("quiet");
  expect(readdirSync(folder)).toEqual([]);
  expect(await logs.read("quiet", 5, 10)).toEqual({
    ...{ from: 0, bytes: Buffer.alloc(0), log_bytes: 0 },
  });
});

test("a log ends at its bound, exactly, and stays the beginning of what was printed", async () => {
  const { print, text } = openScratch({ of_command_bytes: 10 });
  print("c", "1234567", "89abcdef", "later");
  print("d", "1234567890", "x");
  expect([await text("c"), await text("d")]).toEqual(["123456789a", "1234567890"]);
});

test("the log of the command that ended first makes room; those of running ones stay", async () => {
  const { logs, print, text, told } = openScratch({ in_all_bytes: 10 });
  const running = logs.begin("running");
  running.add(Buffer.from("rrrr"));
  print("first", "1111");
  print("second", "22");
  print("third", "333");
  expect(await Promise.all(["running", "first", "second", "third"].map(text))).toEqual([
    ...["rrrr", "", "22", "333"],
  ]);
  const greedy = logs.begin("greedy");
  greedy.add(Buffer.from("ggggg"));
  greedy.add(Buffer.from("gg"));
  greedy.close();
  expect(await Promise.all(["running", "second", "third", "greedy"].map(text))).toEqual([
    ...["rrrr", "", "", "ggggg"],
  ]);
  expect(told).toEqual([expect.stringMatching(/log of greedy ends at 5 bytes: .*all the room/)]);
});

test("of two that ran at once the one that ended first goes first", async () => {
  const { logs, print, text } = openScratch({ in_all_bytes: 8 });
  const [early, late] = [logs.begin("early"), logs.begin("late")];
  early.add(Buffer.from("eeee"));
  late.add(Buffer.from("llll"));
  late.close();
  early.close();
  print("new", "nn");
  expect(await Promise.all(["early", "late", "new"].map(text))).toEqual(["eeee", "", "nn"]);
});

test("there are so many logs at most, and none is older than its days", async () => {
  const { print, pass, folder } = openScratch({ in_all_files: 2, keep_ms: 1_000 });
  for (const name of ["a", "b", "c"]) print(name, "x");
  expect(readdirSync(folder).sort()).toEqual(["b.log", "c.log"]);
  pass(2_000);
  print("d");
  expect(readdirSync(folder)).toEqual([]);
});

test("the next executor knows the logs that it finds, and their order", async () => {
  const { home, print, folder } = openScratch();
  for (const name of ["z", "y", "x"]) print(name, name.repeat(4));
  utimesSync(join(folder, "y.log"), 1, 1);
  const { logs, print: printNext, text } = openScratch({ in_all_bytes: 12, keep_ms: 1e15 }, home);
  expect(logs.bytes()).toBe(12);
  expect(await text("z")).toBe("zzzz");
  printNext("new", "nnn");
  expect([await text("y"), await text("z"), logs.bytes()]).toEqual(["", "zzzz", 11]);
});

test("a disk that does not take it ends the log, not the command", () => {
  const { logs, folder, told } = openScratch();
  symlinkSync("/dev/full", join(folder, "c.log"));
  writeFileSync(join(folder, "d.log"), "another's");
  for (const name of ["c", "d"]) {
    const log = logs.begin(name);
    log.add(Buffer.from("one"));
    log.add(Buffer.from("two"));
    log.close();
  }
  expect(told).toEqual([
    expect.stringContaining("log of c ends at 0 bytes: EEXIST"),
    expect.stringContaining("log of d ends at 0 bytes: EEXIST"),
  ]);
  expect(existsSync("/dev/full")).toBe(true);
});

test("whatever is printed by whom, all logs stay within their bounds and hold beginnings", async () => {
  const piece = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 9 }));
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      const { logs, text } = openScratch({ of_command_bytes: 16, in_all_bytes: 24 });
      const open = new Map<string, ReturnType<typeof logs.begin>>();
      const printed = new Map<string, string>();
      for (const [at, [name, length]] of pieces.entries()) {
        const log = open.get(name) ?? logs.begin(name);
        open.set(name, log);
        const more = String(at).padEnd(length, ".");
        printed.set(name, (printed.get(name) ?? "") + more);
        log.add(Buffer.from(more));
        expect(logs.bytes()).toBeLessThanOrEqual(24);
      }
      for (const log of open.values()) log.close();
      for (const [name, all] of printed) {
        const kept = await text(name);
        expect(kept.length).toBeLessThanOrEqual(16);
        expect(all.startsWith(kept)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});
