/**
 * What the policy says of a corpus of our own, by kind: `block-*` are blocked, `safe*` are safe, the
 * rest asks. A planted hole in any table of programs or rule of dangers turns its file red.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { classify } from "../../../src/execution/classify/classify.ts";

const folder = join(import.meta.dirname, "corpus");
const Row = z.object({ expected: z.enum(["safe", "ask", "blocked"]), command: z.string() });
const kinds = readdirSync(folder).map((file): [string, z.infer<typeof Row>[]] => {
  const lines = readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
  return [file, lines.map((line) => Row.parse(JSON.parse(line)))];
});

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "mainstay-corpus-"));
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "a.txt"), "");
  symlinkSync("src", join(root, "link"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("the corpus is there", () => {
  expect(kinds.flatMap(([, rows]) => rows).length).toBeGreaterThan(1_200);
});

test.each(kinds)("%s", (_, rows) => {
  const wrong = rows.filter(({ command, expected }) => verdictOf(command) !== expected);
  expect(wrong.map(({ command }) => `${verdictOf(command)}: ${command}`)).toEqual([]);
});

const verdictOf = (command: string) => classify(command, { root }).verdict;

describe("what is remembered of a script", () => {
  const asksOf = (command: string) => classify(command, { root }).asks;
  const runsOf = (command: string) => classify(command, { root }).runs;

  test("only what is not safe, as words, with its folder", () => {
    expect(asksOf("ls && cd src && npm test 2>&1 | tail -5")).toEqual([
      { folder: "src", words: ["npm", "test"] },
    ]);
    expect(asksOf("npm run 'a b'; make")).toEqual([
      { folder: "", words: ["npm", "run", "a b"] },
      { folder: "", words: ["make"] },
    ]);
    expect(asksOf("ls")).toEqual([]);
  });

  test.each([
    "A=1 npm test",
    "npm test > log",
    "npm test < a.txt",
    "npm test <<< x",
    "ls | npm test",
    "npm test $x",
    "npm test *.ts",
    "npm test &",
    "for i in 1 2; do npm test; done",
    "export A=1; npm test",
    "f() { ls; }; npm test",
    "cd $x && npm test",
    "cd ..; npm test",
    "cd link; npm test",
    "cd ./link/; npm test",
    "cd src/../link && npm test",
    "(cd link; npm test)",
    "ls; cd link; npm test",
    "for i in *; do npm test; cd src; done",
    "npm test; echo $(date > a.txt)",
    "rm -rf /; npm test",
    "npm test \u200b",
    "npm test '",
  ])("nothing of %j, for words do not say it", (command) => expect(asksOf(command)).toBeNull());

  test("what computes a value asks in its own words", () => {
    expect(asksOf("npm test; echo $(wc -l /etc/passwd)")).toEqual([
      { folder: "", words: ["npm", "test"] },
      { folder: "", words: ["wc", "-l", "/etc/passwd"] },
    ]);
  });

  test("that nobody knows which of several files runs", () => {
    const { findings } = classify("cd link; sh x.sh", { root });
    expect(findings.map(({ reason, part }) => [reason, part])).toEqual([
      ["sh runs a script", "sh x.sh"],
      ["in which folder it runs, only running it tells", "sh x.sh"],
    ]);
  });

  test("files that run, and whether the script may change them before", () => {
    expect(runsOf("./x.sh && bash src/y.sh")).toEqual([
      { path: "x.sh", changed: false },
      { path: "src/y.sh", changed: true },
    ]);
    expect(runsOf("cd src && . ./env.sh")).toEqual([{ path: "src/env.sh", changed: false }]);
    expect(runsOf("python3 t.py")).toEqual([{ path: "t.py", changed: false }]);
    expect(runsOf("while read l; do node s.js; done < a.txt")).toEqual([
      { path: "s.js", changed: true },
    ]);
    expect(runsOf("cd link; sh x.sh")).toEqual([
      { path: "src/x.sh", changed: true },
      { path: "x.sh", changed: true },
    ]);
    expect(runsOf("npm test; python3 -c 1; /usr/bin/env x; ../x.sh")).toEqual([]);
  });
});

test("a blocked part is named first, with what it comes from", () => {
  const { verdict, part, findings } = classify("npm test; rm -rf /", { root });
  expect({ verdict, part }).toEqual({ verdict: "blocked", part: "rm -rf /" });
  expect(findings.map((finding) => finding.verdict)).toEqual(["blocked", "ask", "ask"]);
});
