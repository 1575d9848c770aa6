import { expect, test } from "vitest";
import { stay, type Standing } from "../src/life.ts";

const idle_ms = 300_000;
const used: Standing = { held: false, ever_held: true, running: 0, retiring: false };

test.for<[string, Partial<Standing>, number | null]>([
  ["held by a server", { held: true }, null],
  ["a command runs", { running: 1 }, null],
  ["neither server nor command", {}, idle_ms],
  ["never claimed", { ever_held: false }, 60_000],
  ["never claimed, but a command runs", { ever_held: false, running: 1 }, null],
  ["retiring with commands", { retiring: true, running: 2 }, null],
  ["retiring without, also while it is held", { retiring: true, held: true }, 0],
])("%s", ([, standing, for_ms]) => {
  expect(stay({ ...used, ...standing }, idle_ms)?.for_ms ?? null).toBe(for_ms);
});
