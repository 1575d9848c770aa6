import type { Stats } from "node:fs";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { demand, rightsIn } from "../../src/files/rights.ts";
import { files, refusal, rootAt, scratchFolder, wholeFile, write } from "./workspace.ts";

const isRoot = process.getuid?.() === 0;
const ANN = 12_345;
const ROOT = 0;

test.each([
  [ANN, 0o400, "read", true],
  [ANN, 0o077, "read", false],
  [ANN, 0o200, "write", true],
  [ANN, 0o577, "write", false],
  [ANN, 0o100, "enter", true],
  [ROOT, 0o744, "read", true],
  [ROOT, 0o700, "read", false],
  [ROOT, 0o704, "read", false],
  [ROOT, 0o740, "read", false],
  [ROOT, 0o775, "write", false],
  [ROOT, 0o777, "write", true],
  [ROOT, 0o776, "enter", false],
] as const)("of uid %i with mode %o: %s is %s", (uid, mode, right, allowed) => {
  const judge = () => demand(right, "x", { uid, mode } as Stats, { uid: ANN });
  if (allowed) judge();
  else expect(judge).toThrow(/the workspace's owner \(uid 12345\) may not (read|write|enter) it/);
});

test("only where the server is root and the owner is not do rights bound anything", () => {
  const root = { path: "/srv/x", ino: "1", owner_uid: ANN };
  expect(rightsIn(root, ROOT)).toEqual({ uid: ANN });
  expect(rightsIn(root, ANN)).toBeNull();
  expect(rightsIn({ ...root, owner_uid: ROOT }, ROOT)).toBeNull();
});

/** Ann's workspace, in which root has left `secret`, `shown`, `locked/a`, `open/a`. */
async function annsFolder() {
  const { path } = await scratchFolder();
  await writeFile(join(path, "secret"), "hidden needle\n", { mode: 0o600 });
  await writeFile(join(path, "shown"), "plain needle\n", { mode: 0o644 });
  for (const [folder, mode] of [
    ["locked", 0o700],
    ["open", 0o755],
  ] as const) {
    await mkdir(join(path, folder));
    await writeFile(join(path, folder, "a"), "inner needle\n", { mode: 0o666 });
    await chmod(join(path, folder, "a"), 0o666);
    await chmod(join(path, folder), mode);
  }
  await chown(path, ANN, ANN);
  return rootAt(path);
}

test.runIf(isRoot)("B5: a server that is root reads only what the owner may read", async () => {
  const root = await annsFolder();
  const text = async (path: string) => (await files.read(root, path, wholeFile)).text;
  expect(await text("shown")).toBe("plain needle\n");
  expect(await text("open/a")).toBe("inner needle\n");
  for (const path of ["secret", "locked/a"])
    expect(await refusal(text(path)), path).toEqual({
      fault: "denied",
      message: expect.stringContaining("the workspace's owner (uid 12345) may not"),
    });
  expect(await refusal(files.digest(root, "secret"))).toMatchObject({ fault: "denied" });
  const never = new AbortController().signal;
  const found = await files.search(root, { pattern: "needle" }, never);
  expect(found.split("\n").slice(0, 2)).toEqual([
    "open/a:1: inner needle",
    "shown:1: plain needle",
  ]);
  expect(found).not.toContain("hidden");
  const listing = await files.list(root, ".", { depth: 2, limit_entries: 10 });
  expect(listing.entries.map(({ path }) => path)).toEqual([
    "locked",
    "open",
    "open/a",
    "secret",
    "shown",
  ]);
  expect(listing.complete).toBe(false);
});

test.runIf(isRoot)("P5: it writes only where and what the owner may write", async () => {
  const root = await annsFolder();
  for (const path of ["shown", "secret", "open/a", "open/new", "open/new/deep", "locked/a"])
    expect(await refusal(write(root, path, "x")), path).toMatchObject({ fault: "denied" });
  expect(await readFile(join(root.path, "shown"), "utf8")).toBe("plain needle\n");
  await chmod(join(root.path, "shown"), 0o666);
  await write(root, "shown", "x");
  await write(root, "own/deep/file", "x");
  await write(root, "own/deep/file", "y");
  expect(await stat(join(root.path, "own/deep"))).toMatchObject({ uid: ANN });
});
