import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
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
  "rm -rf .",
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
  "cat *",
  "cat {a,b}",
  "FOO=1 ls",
  "tail -f log.txt",
  "tail -n5F log.txt",
  "ls\nrm x",
  "ls\trm",
  "\\rm x",
  "cat\u00a0x",
  "l\u200bs",
  "echo \u202e",
  "find . -delete",
  "sort -o out in",
  "git status",
])("%j asks", (command) => expect(classify(command, here).verdict).toBe("ask"));

test("no character that means something to a shell is ever safe", () => {
  const meaning = fc.constantFrom(...Array.from("|&;<>()$`\\\"'\t\n*?[]#~!{}"));
  fc.assert(
    fc.property(meaning, fc.integer({ min: 1, max: 20 }), (character, at) => {
      const command = "cat README.md src/a.ts";
      const planted = command.slice(0, at) + character + command.slice(at);
      expect(classify(planted, here).verdict).toBe("ask");
    }),
  );
});

const examples = new URL("../../../../../../shared/data/commands/examples.jsonl", import.meta.url);
const Example = z.object({ id: z.string(), command: z.string(), expected: z.string() });

test.skipIf(!existsSync(examples))(
  "no labelled example that wants consent is safe (not run where the examples are absent)",
  () => {
    const rows = readFileSync(examples, "utf8").trim().split("\n");
    const wanting = rows
      .map((row) => Example.parse(JSON.parse(row)))
      .filter((row) => row.expected !== "safe");
    expect(wanting.length).toBeGreaterThan(100);
    const wrong = wanting.filter((row) => classify(row.command, here).verdict === "safe");
    expect(wrong.map((row) => row.id)).toEqual([]);
  },
);
