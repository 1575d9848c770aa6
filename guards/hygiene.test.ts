import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { brokenLinks, longFiles, machinePaths, registryHosts, resolvedUrls } from "./hygiene.ts";

const root = join(import.meta.dirname, "..");
const tracked = trackedFiles();
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** This guard and its planted faults spell out what they forbid. */
const own = new Set(["guards/hygiene.ts", "guards/hygiene.test.ts"]);
const foreign = (tracked ?? []).filter((path) => !own.has(path));

/** Null in a copy without git's records (an archive): then these guards are not run, never passed. */
function trackedFiles(): string[] | null {
  // A checkout may belong to another user than the one who runs the tests.
  const args = ["-c", "safe.directory=*", "ls-files", "-z"];
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (status !== 0) return null;
  return stdout.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
}

const testTracked = test.skipIf(tracked === null);

testTracked("nothing tracked names a registry or a path of some machine", () => {
  expect(foreign.length).toBeGreaterThanOrEqual(60);
  const found = foreign.flatMap((path) =>
    [...registryHosts(read(path)), ...machinePaths(read(path))].map((what) => `${path}: ${what}`),
  );
  expect(found).toEqual([]);
});

test("the lock file says what is installed, not from where", () => {
  const lock = read("package-lock.json");
  expect(Object.keys(JSON.parse(lock).packages).length).toBeGreaterThanOrEqual(100);
  expect(resolvedUrls(lock)).toEqual([]);
});

testTracked("links between the documents lead somewhere", () => {
  const documents = foreign.filter((path) => path.endsWith(".md"));
  expect(documents.length).toBeGreaterThanOrEqual(1);
  const broken = documents.flatMap((path) =>
    brokenLinks(read(path), (target) => existsSync(join(root, dirname(path), target))).map(
      (target) => `${path}: ${target}`,
    ),
  );
  expect(broken).toEqual([]);
});

testTracked("no source file has outgrown one concept", () => {
  const sources = foreign.filter((path) => /^packages\/[^/]+\/src\//.test(path));
  expect(sources.length).toBeGreaterThanOrEqual(40);
  expect(longFiles(sources.map((path) => [path, read(path)]))).toEqual([]);
});

test("planted: each fault is seen", () => {
  expect(registryHosts("see https://registry.npmjs.org/zod")).toEqual(["registry.npmjs.org"]);
  expect(registryHosts('"resolved": "http://npm.corp.example:4873/a.tgz"')).toEqual([
    "http://npm.corp.example:4873/a.tgz",
  ]);
  expect(machinePaths("cd /work/main && ls")).toEqual(["/work/main"]);
  expect(
    machinePaths("packages/work/main and ../work/shared and https://a.example/work/b"),
  ).toEqual([]);
  const lock = { packages: { "": {}, a: { resolved: "https://r.example/a.tgz" } } };
  expect(resolvedUrls(JSON.stringify(lock))).toEqual(["a"]);
  const linked = { packages: { a: { resolved: "packages/a", link: true } } };
  expect(resolvedUrls(JSON.stringify(linked))).toEqual([]);
  const text = "[a](A.md) [b](B.md#part) [c](https://c.example) [d](#here) `[e](E.md)`";
  expect(brokenLinks(text, (target) => target === "A.md")).toEqual(["B.md"]);
  expect(longFiles([["a.ts", "x\n".repeat(401)]])).toEqual(["a.ts: 401 lines"]);
  expect(longFiles([["a.ts", "x\n".repeat(400)]])).toEqual([]);
});
