/**
 * What an attacker would try to have run unasked, a script a line in `attacks/`: differences between
 * the parser and bash, lesser known options of programs, ways out of the workspace.
 */
import { execFileSync } from "node:child_process";
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
import { afterAll, beforeAll, expect, test } from "vitest";
import { classify } from "../../../src/execution/classify/classify.ts";

const folder = join(import.meta.dirname, "attacks");
const attacks = readdirSync(folder).map((name): [string, string[]] => {
  const lines = readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
  return [name, lines.map((line) => JSON.parse(line) as string)];
});
const LINKS = {
  outfile: "/etc/passwd",
  outdir: "/etc",
  chain: "outfile",
  up: "..",
  inl: "docs/a/b",
  tonested: "nested",
  // Out by way of another folder.
  "docs/in": "../src",
  "src/out": "/etc",
  "docs/dir/a.txt": "/etc/passwd",
  "packed.gz": "/etc/passwd",
  "packed.zip": "/etc/passwd",
  ".npmrc": "/etc/passwd",
  proc: "/proc/self",
};
const TRAPPED_CONFIG = "[core]\n\tfsmonitor = ./x\n";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "mainstay-red-"));
  for (const name of [
    "src/lib",
    "docs/a/b",
    "docs/dir",
    "nested/deeper",
    "bare/objects",
    "bare/refs",
  ])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ["a.txt", "b.txt", "list.txt", "x", "-o", "src/app.ts", "bare/HEAD"])
    writeFileSync(join(root, name), "a\n");
  for (const name of ["", "nested"]) execFileSync("git", ["init", "-q", join(root, name)]);
  for (const name of ["bare", "nested/.git"])
    writeFileSync(join(root, name, "config"), TRAPPED_CONFIG);
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(root, name));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("the attacks are there", () => {
  expect(attacks.flatMap(([, scripts]) => scripts).length).toBeGreaterThan(1_300);
});

test.each(attacks)("%s: nobody's consent is skipped", (_, scripts) => {
  // `@/` stands for the workspace.
  const verdict = (script: string) =>
    classify(script.replaceAll("@/", `${root}/`), { root }).verdict;
  expect(scripts.filter((script) => verdict(script) === "safe")).toEqual([]);
});

test("names like options, in a workspace without any link", () => {
  const plain = mkdtempSync(join(tmpdir(), "mainstay-red-"));
  const verdicts = () =>
    ["wc *", "du -s *", "sha256sum *", 'for f in *; do wc "$f"; done', "grep a *a.txt"].map(
      (script) => classify(script, { root: plain }).verdict,
    );
  try {
    writeFileSync(join(plain, "a.txt"), "/etc/passwd\0");
    expect(verdicts()).toEqual(["safe", "safe", "safe", "safe", "safe"]);
    writeFileSync(join(plain, "--files0-from=a.txt"), "");
    expect(verdicts()).toEqual(["ask", "ask", "ask", "ask", "ask"]);
  } finally {
    rmSync(plain, { recursive: true, force: true });
  }
});
