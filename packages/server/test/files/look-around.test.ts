import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import type { Clock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { searchBounds } from "../../src/files/bounds.ts";
import { linePattern } from "../../src/files/line-pattern.ts";
import { nameGlob } from "../../src/files/name-glob.ts";
import { searchText } from "../../src/files/search-text.ts";
import type { Root } from "../../src/files/walk.ts";
import { files, refusal, scratchFolder, write } from "./workspace.ts";

const never = new AbortController().signal;

async function tree(root: Root): Promise<void> {
  await write(root, "b.txt", "beta\n");
  await write(root, "a/one.ts", "export const one = 1;\n// Needle here\n");
  await write(root, "a/deep/two.ts", "needle in two\r\n");
  await write(root, "node_modules/x/index.js", "needle\n");
  await mkdir(join(root.path, ".git"));
  await writeFile(join(root.path, ".git/HEAD"), "needle\n");
  await writeFile(join(root.path, "image.png"), Buffer.from([0, 1, 2]));
  await symlink("/etc", join(root.path, "link"));
}

const paths = (listing: Awaited<ReturnType<typeof files.list>>) =>
  listing.entries.map((e) => e.path);

test("a listing is a sorted tree; .git and node_modules are named, not entered", async () => {
  const root = await scratchFolder();
  await tree(root);
  const listing = await files.list(root, ".", { depth: 3, limit_entries: 100 });
  expect(paths(listing)).toEqual([
    ".git",
    "a",
    "a/deep",
    "a/deep/two.ts",
    "a/one.ts",
    "b.txt",
    "image.png",
    "link",
    "node_modules",
  ]);
  expect(listing).toMatchObject({ more: 0, complete: true });
  expect(paths(await files.list(root, "a", { depth: 1, limit_entries: 100 }))).toEqual([
    "deep",
    "one.ts",
  ]);
});

test("where not all has room the upper levels are kept and the rest is counted", async () => {
  const root = await scratchFolder();
  await tree(root);
  const listing = await files.list(root, ".", { depth: 3, limit_entries: 7 });
  expect(paths(listing)).toEqual(
    [".git", "a", "b.txt", "image.png", "link", "node_modules", "a/deep"].toSorted(),
  );
  expect(listing.more).toBe(2);
  expect(await refusal(files.list(root, "b.txt", { depth: 1, limit_entries: 1 }))).toMatchObject({
    fault: "not_a_folder",
  });
  expect(await refusal(files.list(root, "none", { depth: 1, limit_entries: 1 }))).toMatchObject({
    fault: "absent",
  });
});

test("a search finds lines, skips what is no text and says so", async () => {
  const root = await scratchFolder();
  await tree(root);
  expect(await files.search(root, { pattern: "needle" }, never)).toBe(
    "a/deep/two.ts:1: needle in two\na/one.ts:2: // Needle here\n" +
      "[1 binary, very large or unreadable files were skipped]",
  );
  expect(await files.search(root, { pattern: "Needle" }, never)).toContain("a/one.ts:2");
  expect(await files.search(root, { pattern: "Needle" }, never)).not.toContain("two.ts");
  expect(await files.search(root, { pattern: "beta|export.*one", glob: "*.{ts,txt}" }, never)).toBe(
    "a/one.ts:1: export const one = 1;\nb.txt:1: beta",
  );
  expect(await files.search(root, { pattern: "beta", path: "b.txt" }, never)).toBe("b.txt:1: beta");
  expect(await files.search(root, { pattern: "[a-z]+", glob: "!*.png" }, never)).toContain(
    "No matches.\n[looked for as literal",
  );
  expect(await refusal(files.search(root, { pattern: "x", path: "../" }, never))).toMatchObject({
    fault: "outside",
  });
  expect(await refusal(files.search(root, { pattern: "x", path: "link" }, never))).toMatchObject({
    fault: "outside",
  });
});

test("a search stops at each of its bounds and names it", async () => {
  const root = await scratchFolder();
  for (let i = 0; i < 20; i++) await write(root, `f${i}`, "needle\n".repeat(10));
  const stop = (bounds: Partial<typeof searchBounds>, clock: Clock = systemClock) => {
    const all = { ...searchBounds, ...bounds } as typeof searchBounds;
    const query = { pattern: "needle" };
    const { stopped_by, matches } = searchText(root, query, all, clock, () => false);
    return [stopped_by, matches.length];
  };
  expect(stop({})).toEqual([null, 200]);
  expect(stop({ matches: 25 } as never)).toEqual(["matches", 25]);
  expect(stop({ files: 3 } as never)).toEqual(["files", 30]);
  expect(stop({ bytes: 100 } as never)).toEqual(["bytes", 20]);
  let now_ms = 0;
  expect(stop({}, { ...systemClock, monotonic: () => (now_ms += 500) })).toEqual(["time", 30]);
  let looks = 0;
  const unwanted = () => ++looks > 4;
  const cut = searchText(root, { pattern: "needle" }, searchBounds, systemClock, unwanted);
  expect([cut.stopped_by, cut.matches.length]).toEqual(["unwanted", 40]);
  const aborted = files.search(root, { pattern: "x" }, AbortSignal.abort("enough"));
  await expect(aborted).rejects.toBe("enough");
});

test("patterns: a literal, alternatives, gaps, escaped signs; the rest as it is written", () => {
  const cases: [string, string, number | null, "pattern" | "literal"][] = [
    ["foo", "a Foo", 2, "pattern"],
    ["Foo", "a foo", null, "pattern"],
    ["foo|bar", "x bar foo", 2, "pattern"],
    ["a.*c", "xxabbbc", 2, "pattern"],
    ["c.*a", "abbbc", null, "pattern"],
    ["foo\\(x\\)", "foo(x)", 0, "pattern"],
    ["foo(", "call foo(1)", 5, "literal"],
    ["(a+)+$", "aaaa!", null, "literal"],
    ["\\bfoo\\b", "foo", null, "literal"],
    ["a|", "a", null, "literal"],
  ];
  for (const [source, line, at, read_as] of cases) {
    const pattern = linePattern(source);
    expect([pattern.find(line), pattern.read_as], source).toEqual([at, read_as]);
    if (at !== null) expect(pattern.mayOccur(`x\n${line}\n`), source).toBe(true);
  }
});

test("globs, in bounded time", () => {
  const matched = (glob: string, path: string) => nameGlob(glob)(path);
  expect(matched("*.ts", "src/a.ts")).toBe(true);
  expect(matched("*.ts", "src/a.tsx")).toBe(false);
  expect(matched("*.{ts,js}", "a.js")).toBe(true);
  expect(matched("src/**/*.ts", "src/x/a.ts")).toBe(true);
  expect(matched("src/*.ts", "lib/a.ts")).toBe(false);
  expect(matched("**/test?.md", "a/b/test1.md")).toBe(true);
  expect(matched("!*.md", "a.md")).toBe(false);
  expect(matched(`${"*a".repeat(90)}b`, "a".repeat(255))).toBe(false);
});
