import { expect, test } from "vitest";
import {
  chooseForTransaction,
  chooseThread,
  type Underway,
} from "../../../src/files/threads/choose-thread.ts";

test("an idle thread is taken, else one more is started, else the one with the least to do", () => {
  expect(chooseThread([null, null, null])).toBe(0);
  expect(chooseThread([0, null, null])).toBe(0);
  expect(chooseThread([2, 0, null])).toBe(1);
  expect(chooseThread([1, null, null])).toBe(1);
  expect(chooseThread([1, null, 0])).toBe(2);
  expect(chooseThread([3, 1, 2])).toBe(1);
  expect(chooseThread([1, 1, 1])).toBe(0);
});

test("F1: transactions that may meet in a file share a thread, or wait for it", () => {
  const at = (path: string, thread: number): Underway => ({ path, thread });
  const loads = [5, 0, null];
  const cases: [string, Underway[], number | null][] = [
    ["/w", [], 1],
    ["/w", [at("/w", 0)], 0],
    ["/w", [at("/w", 0), at("/w", 0), at("/x", 1)], 0],
    ["/w/in", [at("/w", 0)], 0],
    ["/w", [at("/w/in", 0)], 0],
    ["/wide", [at("/w", 0)], 1],
    ["/w", [at("/wide", 0)], 1],
    ["/", [at("/w", 0)], 0],
    ["/w", [at("/w/a", 0), at("/w/b", 2)], null],
    ["/w/c", [at("/w/a", 0), at("/w/b", 2)], 1],
  ];
  for (const [path, underway, thread] of cases)
    expect(chooseForTransaction(path, loads, underway), path).toBe(thread);
});
