import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { classify } from "../../../src/execution/classify/classify.ts";

const here = { root: import.meta.dirname };

test.each([
  "ls",
  "ls -la src",
  "cat README.md",
  "head -n 20 src/a.ts",
  "grep -rn TODO src",
  "wc -l a.txt b.txt",
  "tail -n 5 log.txt",
])("%s only reads", (command) => expect(classify(command, here).verdict).toBe("safe"));

test.each([
  "",
  "rm -rf src",
  "npm test",
  "ls; rm x",
  "ls && rm x",
  "ls | sh",
  "cat $(rm x)",
  "cat `rm x`",
  "echo hi > f",
  "cat < /etc/passwd",
  "cat /etc/passwd",
  "cat ../secret",
  "cat src/../../secret",
  "grep --file=/etc/passwd x",
  "ls ~",
  "FOO=1 ls",
  "tail -f log.txt",
  "ls\nrm x",
  "\\rm x",
  "cat\u00a0x",
  "l\u200bs",
  "echo \u202e",
  "find . -delete",
  "sort -o out in",
  "git push",
])("%j asks", (command) => expect(classify(command, here).verdict).toBe("ask"));

test("whatever it is given, it answers on one line and with nothing invisible", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(...Array.from("|&;<>()$`\\\"'\t\n*?[]#~!{} ")),
    fc.constantFrom("rm", "-rf", "/", "cat", "<<E", "${x:-", "$((", "$'", "\u202e", "case", "in"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const { verdict, findings } = classify(pieces.join(""), here);
      expect(findings.length > 0).toBe(verdict !== "safe");
      for (const { reason, part } of findings)
        expect(`${reason}${part ?? ""}`).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 500 },
  );
});

const examples = new URL("../../../../../../shared/data/commands/examples.jsonl", import.meta.url);
const Example = z.object({
  id: z.string(),
  command: z.string(),
  expected: z.enum(["safe", "approve", "block"]),
});
const absent = !existsSync(examples);
const rows = absent
  ? []
  : readFileSync(examples, "utf8")
      .trim()
      .split("\n")
      .map((row) => Example.parse(JSON.parse(row)));
const verdictOf = ({ command }: { command: string }) => classify(command, here).verdict;

describe.skipIf(absent)("the labelled examples (not run where they are absent)", () => {
  test("nothing that wants consent is safe", () => {
    const wanting = rows.filter(({ expected }) => expected !== "safe");
    expect(wanting.length).toBeGreaterThan(100);
    expect(wanting.filter((row) => verdictOf(row) === "safe")).toEqual([]);
  });

  test("nothing to be blocked comes out below it", () => {
    const worst = rows.filter(({ expected }) => expected === "block");
    expect(worst.length).toBeGreaterThan(20);
    expect(worst.filter((row) => verdictOf(row) !== "blocked")).toEqual([]);
  });

  test("what is safe is not asked about", () => {
    const safe = rows.filter(({ expected }) => expected === "safe");
    expect(safe.length).toBeGreaterThan(50);
    expect(safe.filter((row) => verdictOf(row) !== "safe")).toEqual([]);
  });

  test("changed at random it still answers", () => {
    const position = fc.nat({ max: 300 });
    const change = fc.tuple(
      fc.constantFrom(...rows),
      position,
      position,
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(change, ([{ command }, from, length, text]) => {
        const changed = command.slice(0, from) + text + command.slice(from + (length % 8));
        expect(["safe", "ask", "blocked"]).toContain(verdictOf({ command: changed }));
      }),
      { numRuns: 1_000 },
    );
  });
});
