/** A plain `git status` runs git in nested repositories, and what their settings name. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { classify } from "../../../src/execution/classify/classify.ts";

let root: string;
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
    cwd: root,
    stdio: "pipe",
  });
const verdict = () => classify("git status", { root }).verdict;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mainstay-index-"));
  mkdirSync(join(root, "a folder"));
  for (const name of ["a", "ab", "a folder/with a long name.txt", "b.txt"])
    writeFileSync(join(root, name), "a\n");
  git("init", "-q");
  git("add", ".");
  git("commit", "-q", "-m", "first");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("a repository of plain files is read", () => expect(verdict()).toBe("safe"));

test("also with names that are only meant to be added", () => {
  writeFileSync(join(root, "new"), "");
  git("add", "--intent-to-add", "new");
  expect(verdict()).toBe("safe");
});

test("a nested repository asks, without a .gitmodules too", () => {
  git("init", "-q", "nested");
  git("-C", "nested", "commit", "-q", "--allow-empty", "-m", "first");
  expect(verdict()).toBe("safe");
  git("add", "nested");
  expect(verdict()).toBe("ask");
});

test.each([
  ["split", ["update-index", "--split-index"]],
  ["of another version", ["update-index", "--index-version", "4"]],
])("an index that is %s asks", (_, change) => {
  git(...change);
  expect(verdict()).toBe("ask");
});

test("an index that was cut asks, wherever it was", () => {
  const whole = readFileSync(join(root, ".git/index"));
  const entries_end = whole.indexOf("TREE");
  for (let length = 0; length < entries_end - 8; length += 7) {
    writeFileSync(join(root, ".git/index"), whole.subarray(0, length));
    expect(verdict()).toBe("ask");
  }
});
