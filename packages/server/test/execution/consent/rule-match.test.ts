import fc from "fast-check";
import { expect, test } from "vitest";
import type { Classified, LiteralCommand } from "../../../src/execution/classify/classify.ts";
import { nothingPinned, type Pinning } from "../../../src/execution/consent/pins.ts";
import {
  agreeingRules,
  type RuleTerms,
  ruleTermsFor,
} from "../../../src/execution/consent/rule-match.ts";

const asking = (...asks: LiteralCommand[]): Classified => ({
  ...{ verdict: "ask", reason: "it writes", part: null, findings: [], runs: [] },
  asks,
});

const pinned = (...files: [path: string, sha256: string][]): Pinning => ({
  ...nothingPinned,
  pins: files.map(([path, sha256]) => ({ path, sha256, hold: true })),
});

const at = (folder: string, ...words: string[]): LiteralCommand => ({ folder, words });

const word = fc.constantFrom("npm", "test", "run", "a b", "./x.sh", "", "*");
const command = fc.record({
  folder: fc.constantFrom("", "sub", "sub/deep"),
  words: fc.array(word, { minLength: 1, maxLength: 3 }),
});
const digest = fc.constantFrom("a".repeat(64), "b".repeat(64));
const pinning = fc
  .uniqueArray(fc.tuple(fc.constantFrom("x.sh", "sub/x.sh", "y.py"), digest), {
    selector: ([path]) => path,
    maxLength: 2,
  })
  .map((files) => pinned(...files));

const RUNS = 5_000;

test("the rules that a command would be remembered by agree to that command", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 4 }), pinning, (asks, pins) => {
      const rulable = ruleTermsFor(asking(...asks), pins);
      expect(rulable.possible).toBe(true);
      if (rulable.possible)
        expect(agreeingRules(asking(...asks), pins, rulable.terms)).not.toBe(null);
    }),
    { numRuns: RUNS },
  );
});

test("rules agree only where each part has one of its very words and folder, and every program its bytes", () => {
  const rule: fc.Arbitrary<RuleTerms> = fc.tuple(command, pinning).map(([terms, { pins }]) => ({
    ...terms,
    pins: pins.map(({ path, sha256 }) => ({ path, sha256 })),
  }));
  let agreed = 0;
  fc.assert(
    fc.property(
      fc.array(command, { minLength: 1, maxLength: 2 }),
      pinning,
      fc.array(rule, { maxLength: 6 }),
      (asks, now, rules) => {
        // One rule is likely to fit, so that agreement happens often enough to be judged.
        const likely = [
          { ...asks[0]!, pins: now.pins.map(({ path, sha256 }) => ({ path, sha256 })) },
        ];
        const found = agreeingRules(asking(...asks), now, [...rules, ...likely]);
        if (found === null) return;
        agreed++;
        for (const { folder, words } of asks)
          expect(found.some((one) => same(one, { folder, words }))).toBe(true);
        const bytes = new Map(now.pins.map(({ path, sha256 }) => [path, sha256]));
        for (const { pins } of found)
          for (const { path, sha256 } of pins) expect(bytes.get(path)).toBe(sha256);
        const covered = found.flatMap(({ pins }) => pins.map(({ path }) => path));
        for (const path of bytes.keys()) expect(covered).toContain(path);
      },
    ),
    { numRuns: RUNS },
  );
  expect(agreed).toBeGreaterThan(RUNS / 10);
});

const same = (one: LiteralCommand, other: LiteralCommand): boolean =>
  one.folder === other.folder && JSON.stringify(one.words) === JSON.stringify(other.words);

test("a program is a condition of the part that names it, and of every part where none does", () => {
  const check = at("sub", "sh", "./check.sh");
  const npm = at("", "npm", "test");
  const files: Pinning = pinned(["sub/check.sh", "1"], ["other.sh", "2"]);
  expect(ruleTermsFor(asking(check, npm), files)).toEqual({
    possible: true,
    terms: [
      {
        ...check,
        pins: [
          { path: "sub/check.sh", sha256: "1" },
          { path: "other.sh", sha256: "2" },
        ],
      },
      { ...npm, pins: [{ path: "other.sh", sha256: "2" }] },
    ],
  });
});

test("where words are not enough no rule is made, and none agrees", () => {
  const test_run = at("", "npm", "test");
  const rules: RuleTerms[] = [{ ...test_run, pins: [] }];
  const changing: Pinning = { ...nothingPinned, changing: ["x.sh"] };
  const unpinned: Pinning = {
    ...nothingPinned,
    unpinned: [{ path: "x.sh", why: "it is not there" }],
  };
  const five = ["1", "2", "3", "4", "5"].map((name) => at("", name));
  const impossible: [Classified, Pinning][] = [
    [{ ...asking(), asks: null }, nothingPinned],
    [asking(), nothingPinned],
    [asking(test_run), changing],
    [asking(test_run), unpinned],
    [asking(...five), nothingPinned],
  ];
  for (const [classified, pinning_now] of impossible) {
    expect(ruleTermsFor(classified, pinning_now).possible).toBe(false);
    const all = [...rules, ...five.map((each) => ({ ...each, pins: [] }))];
    expect(agreeingRules(classified, pinning_now, all)).toBe(null);
  }
  for (const verdict of ["safe", "blocked"] as const)
    expect(ruleTermsFor({ ...asking(test_run), verdict }, nothingPinned).possible).toBe(false);
});
