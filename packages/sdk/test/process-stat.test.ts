import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startTimeIn } from "../src/process-stat.ts";

const stat = (name: string, state: string) =>
  `4242 (${name}) ${state} 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 10 11 12\n`;

test("the start time is found whatever the process calls itself", () => {
  for (const name of ["node", "a b", ") R 1 (", "x) Z 9"]) {
    expect(startTimeIn(stat(name, "S"))).toBe("987654");
  }
  expect(startTimeIn(readFileSync("/proc/self/stat", "utf8"))).toMatch(/^\d+$/);
});

test("what has ended, and what is no stat, has none", () => {
  for (const state of ["Z", "X"]) expect(startTimeIn(stat("node", state))).toBeNull();
  expect(startTimeIn("")).toBeNull();
});
