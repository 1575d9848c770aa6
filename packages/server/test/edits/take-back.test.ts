import fc from "fast-check";
import { expect, test } from "vitest";
import type { FileStep } from "../../src/files/files.ts";
import { type EditOnRecord, takeBack } from "../../src/edits/take-back.ts";

const as = (sha256: string | null, mode = 0o644): FileStep["before"] =>
  sha256 === null ? null : { sha256, size_bytes: 1, mode, uid: 0, gid: 0 };

const step = (path: string, before: string | null, after: string | null): FileStep => ({
  ...{ path, before: as(before), after: as(after) },
});

let made = 0;
const edit = (...steps: FileStep[]): EditOnRecord => ({ id: `e${++made}`, intent: "", steps });

test("a chain of edits goes back to where its first began", () => {
  const { steps, gaps } = takeBack([edit(step("a", null, "1")), edit(step("a", "1", "2"))]);
  expect(gaps).toEqual([]);
  expect(steps).toEqual([step("a", "2", null)]);
});

test("what came to nothing by itself needs no step, a mode alone does", () => {
  expect(takeBack([edit(step("a", "1", "2")), edit(step("a", "2", "1"))]).steps).toEqual([]);
  const made_executable = { path: "a", before: as("1"), after: as("1", 0o755) };
  expect(takeBack([edit(made_executable)]).steps).toEqual([
    { path: "a", before: as("1", 0o755), after: as("1") },
  ]);
});

test("between which edits somebody else changed a file is told", () => {
  const [first, second] = [edit(step("a", "1", "2")), edit(step("a", "x", "3"))];
  expect(takeBack([first, second]).gaps).toEqual([{ path: "a", after: first, before: second }]);
});

test("what was moved and is the same is moved back; what was changed since is not", () => {
  const move = edit(step("a", "1", null), { ...step("b", null, "1"), moved_from: "a" });
  expect(takeBack([move]).steps).toContainEqual({ ...step("a", null, "1"), moved_from: "b" });
  const changed = edit(step("b", "1", "2"));
  expect(takeBack([move, changed]).steps).toContainEqual(step("a", null, "1"));
});

/** A path of few, and what it shall hold: few contents, so that chains meet again. */
const wish = fc.record({
  path: fc.constantFrom("a", "b", "c"),
  to: fc.constantFrom(null, "1", "2", "3"),
});

test("edits without gaps, taken back, leave every file as it was before them", () => {
  let seen = 0;
  fc.assert(
    fc.property(fc.array(fc.array(wish, { maxLength: 3 }), { maxLength: 8 }), (wishes) => {
      const files = new Map<string, string | null>([["a", "1"]]);
      const before = new Map(files);
      const now = (path: string) => files.get(path) ?? null;
      const edits = wishes.map((of_one) => {
        const last = new Map(of_one.map(({ path, to }) => [path, to]));
        const steps = [...last].flatMap(([path, to]) =>
          now(path) === to ? [] : [step(path, now(path), to)],
        );
        for (const { path, after } of steps) files.set(path, after?.sha256 ?? null);
        return edit(...steps);
      });
      const { steps, gaps } = takeBack(edits);
      expect(gaps).toEqual([]);
      for (const { path, before: left, after } of steps) {
        expect(now(path)).toBe(left?.sha256 ?? null);
        files.set(path, after?.sha256 ?? null);
        seen++;
      }
      for (const path of files.keys()) expect(now(path)).toBe(before.get(path) ?? null);
    }),
    { numRuns: 500 },
  );
  expect(seen).toBeGreaterThan(200);
});
