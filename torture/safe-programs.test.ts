/**
 * What the classifier calls safe writes nothing, connects nowhere, executes nothing outside its
 * list and reads nothing outside the workspace: random programs, judged by their system calls.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { classify } from "@mainstay/server/execution/classify/classify";
import { small } from "@mainstay/server/execution/classify/programs/small";
import {
  PRINTERS,
  readers,
  VERSION_FLAGS,
} from "@mainstay/server/execution/classify/programs/readers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lackOfTracing, titled } from "./means.ts";
import { report, rounds, seed } from "./plan.ts";
import { type Game, type Grounds, hunt, openGrounds } from "./safe-programs/hunt.ts";

const examples_file = join(import.meta.dirname, "../../shared/data/commands/examples.jsonl");
const lack = existsSync(examples_file) ? lackOfTracing() : "../shared is absent";

/** All that the classifier has a list for; beyond these it knows of some how to ask their version. */
const programs = [...PRINTERS, ...Object.keys(readers), ...Object.keys(small)].concat(
  "awk mawk gawk sed find git cd".split(" "),
);
const executables = new Set([...programs, ...Object.keys(VERSION_FLAGS)]);

/** npm's version is asked of threads, whose calls cannot be told from the shell's. */
const isSafe = (script: string, root: string) =>
  classify(script, { root }).verdict === "safe" && !/\bnp[mx]\b/.test(script);

/** What a hole lets through in a script that is safe without it, and where attackers would begin. */
const holes: Record<string, readonly [lets_through: RegExp, attack: string]> = {
  "sort -o": [/(?<=\bsort\b.*) -o ?\S+/, "sort a.txt -o PWNED"],
  "git -c": [/(?<=\bgit) -c \S+/, "git -c core.fsmonitor=./x status"],
  "find -fprint": [/ -fprint \S+/, "find . -name x -fprint PWNED"],
  "a redirection": [/ ?>>? ?[A-Z]\S*/, "echo a > PWNED"],
  "a prefix of a command": [/^timeout \S+ |^nice |^\.\/x; /, "./x; ls"],
  "a folder behind a link": [/^cd pkg; /, "cd pkg; git status"],
  "a negated cd": [/^! (?=cd )/, "! cd vendor/pkg || git status"],
  "a link out of the workspace": [/ (outfile|chain)\b/, "cat a.txt outfile"],
};

describe.skipIf(lack !== null)(titled("safe programs", lack), () => {
  let grounds: Grounds;
  let game: Game;
  beforeAll(() => {
    grounds = openGrounds();
    const lines = readFileSync(examples_file, "utf8").trimEnd().split("\n");
    const examples = lines.map((line) => (JSON.parse(line) as { command: string }).command);
    game = { isSafe, programs, executables, examples, seed };
  });
  afterAll(() => grounds?.close());

  test("do nothing but read their workspace", async () => {
    const limits = { executed: rounds({ short: 50, long: 5_000 }), generated: 1e6, findings: 20 };
    const { generated, executed, endless, findings } = await hunt(game, grounds, limits);
    report(
      "random shell programs",
      generated,
      `${executed} called safe and run (${endless} stopped), ${findings.length} did more`,
    );
    expect(findings).toEqual([]);
    expect(executed).toBe(limits.executed);
  });

  test.each(Object.entries(holes))("a classifier with a hole is found out: %s", async (_, hole) => {
    const [lets_through, attack] = hole;
    const holed: Game = {
      ...game,
      examples: [attack],
      isSafe: (script, root) =>
        lets_through.test(script) && isSafe(script.replace(lets_through, ""), root),
    };
    const limits = { executed: 50, generated: 5_000, findings: 1 };
    const { findings } = await hunt(holed, grounds, limits);
    expect(findings.length).toBeGreaterThan(0);
  });
});
