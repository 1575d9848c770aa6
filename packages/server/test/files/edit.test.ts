/** Edits as the face of the room does them: planned, then applied, in its threads. */
import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, readFile, readdir, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { newId } from "../../src/kernel/ids.ts";
import { files, refusal, replace, rootAt, scratchFolder, write } from "./workspace.ts";

const isRoot = process.getuid?.() === 0;
const planned = (root: Parameters<typeof write>[0], path: string, content: string) =>
  files.plan(root, [{ kind: "write", path, content }], newId("edit"));

const modeOf = async (path: string) => (await stat(path)).mode & 0o7777;

test("an edit keeps BOM, CRLF and mode, and leaves nothing beside the file", async () => {
  const root = await scratchFolder();
  const path = join(root.path, "a.sh");
  await writeFile(path, "\uFEFFone\r\ntwo\r\nthree\r\n");
  await chmod(path, 0o4750);
  const plan = await replace(root, "a.sh", "two\nthree", "2\n3\n4");
  expect(await readFile(path, "utf8")).toBe("\uFEFFone\r\n2\r\n3\r\n4\r\n");
  expect(plan.summary).toBe("edited a.sh (+3 −2 lines)");
  expect(plan.diff).toContain("-two\r\n-three\r\n+2\r\n+3\r\n+4");
  expect(await modeOf(path), "set-user-id goes").toBe(0o750);
  expect(await readdir(root.path)).toEqual(["a.sh"]);
});

test("the plan's hashes are those of the file before and after", async () => {
  const root = await scratchFolder();
  const created = await planned(root, "n/a.txt", "x\n");
  expect(created.steps).toMatchObject([{ path: "n/a.txt", before: null }]);
  expect(await files.digest(root, "n/a.txt")).toBeNull();
  await files.apply(root, created);
  expect(await files.digest(root, "n/a.txt")).toBe(created.steps[0]!.after!.sha256);
  expect((await planned(root, "n/a.txt", "x\n")).steps).toEqual([]);
});

test.runIf(isRoot)("P5: owner and group stay; what is new is the workspace owner's", async () => {
  const { path: folder } = await scratchFolder();
  await chown(folder, 12_345, 54_321);
  const root = await rootAt(folder);
  await writeFile(join(root.path, "theirs"), "a\n");
  await chmod(join(root.path, "theirs"), 0o666);
  await chown(join(root.path, "theirs"), 777, 778);
  await replace(root, "theirs", "a", "b");
  expect(await stat(join(root.path, "theirs"))).toMatchObject({ uid: 777, gid: 778 });
  await write(root, "new/deep/file", "x");
  for (const path of ["new", "new/deep", "new/deep/file"])
    expect(await stat(join(root.path, path)), path).toMatchObject({ uid: 12_345, gid: 54_321 });
});

test("P3: what somebody else wrote since is a conflict that names both hashes", async () => {
  const root = await scratchFolder();
  const path = join(root.path, "a");
  await writeFile(path, "mine\n");
  const plan = await planned(root, "a", "new\n");
  await writeFile(path, "theirs\n");
  const { fault, message } = await refusal(files.apply(root, plan));
  expect(fault).toBe("conflict");
  expect(message).toContain(plan.steps[0]!.before!.sha256);
  expect(message).toContain(await files.digest(root, "a"));
  expect(message).toContain("a is untouched");
  expect(await readFile(path, "utf8")).toBe("theirs\n");
  const another = await planned(root, "a", "new\n");
  await unlink(path);
  expect(await refusal(files.apply(root, another))).toMatchObject({ fault: "conflict" });
  expect(await readdir(root.path)).toEqual([]);
});

test("P3: a file that appeared since is not overwritten", async () => {
  const root = await scratchFolder();
  const plan = await planned(root, "a", "new\n");
  await writeFile(join(root.path, "a"), "theirs\n");
  expect(await refusal(files.apply(root, plan))).toMatchObject({ fault: "conflict" });
  expect(await readFile(join(root.path, "a"), "utf8")).toBe("theirs\n");
});

test("what cannot be edited says why", async () => {
  const root = await scratchFolder();
  await writeFile(join(root.path, "binary"), Buffer.from([1, 0, 2]));
  await writeFile(join(root.path, "text"), "a\nfoo( x )\nb\na\n");
  await writeFile(join(root.path, "file"), "x");
  const cases = [
    [() => write(root, "binary", "x"), "not_text", /binary/],
    [() => write(root, "big", "x".repeat(10_485_761)), "too_large", /10485761 bytes/],
    [() => write(root, "file/below", "x"), "not_a_folder", /not a folder/],
    [
      () => write(root, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/f", "x"),
      "too_many",
      /17 folders/,
    ],
    [() => replace(root, "none", "a", "b"), "absent", /does not exist/],
    [() => replace(root, "text", "", "b"), "malformed", /old_text is empty/],
    [() => replace(root, "text", "a", "b"), "ambiguous", /2 times in "text", at lines 1, 4/],
    [
      () => replace(root, "text", "foo(x)", "b"),
      "no_match",
      /at line 2 only the white space.*\nfoo\( x \)/,
    ],
    [() => replace(root, "text", "zzz", "b"), "no_match", /nor anything like/],
  ] as const;
  for (const [doing, fault, message] of cases)
    expect(await refusal(doing())).toEqual({ fault, message: expect.stringMatching(message) });
  expect((await readdir(root.path)).toSorted()).toEqual(["binary", "file", "text"]);
});

test.runIf(isRoot)(
  "P4: on a full disk the original is whole, and it works again with room",
  async () => {
    const { path } = await scratchFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path]);
    onTestFinished(() => void execFileSync("umount", ["-l", path]));
    const root = await rootAt(path);
    await write(root, "keep", "original\n");
    for (let i = 0; i < 50; i++) {
      const { fault, message } = await refusal(write(root, "keep", "x".repeat(100_000)));
      expect(fault).toBe("disk_full");
      expect(message).toBe('"keep": no space left on its disk. keep is untouched.');
    }
    const created = await refusal(write(root, "other", "x".repeat(100_000)));
    expect(created.message).toContain("other was not created");
    expect(await readFile(join(root.path, "keep"), "utf8")).toBe("original\n");
    expect(await readdir(root.path)).toEqual(["keep"]);
    await write(root, "keep", "changed\n");
  },
);

test.runIf(!isRoot)("P4: without permission the original is whole", async () => {
  const root = await scratchFolder();
  await mkdir(join(root.path, "locked"));
  await writeFile(join(root.path, "locked/a"), "original\n");
  await chmod(join(root.path, "locked"), 0o555);
  const { fault, message } = await refusal(write(root, "locked/a", "x"));
  await chmod(join(root.path, "locked"), 0o755);
  expect({ fault, message }).toEqual({
    fault: "denied",
    message: '"locked/a": permission denied. locked/a is untouched.',
  });
});

test("edits of many files at once do not disturb each other", async () => {
  const root = await scratchFolder();
  const names = Array.from({ length: 40 }, (_, i) => `d${i % 4}/f${i}`);
  await Promise.all(names.map((name) => write(root, name, name)));
  for (const name of names) expect(await readFile(join(root.path, name), "utf8")).toBe(name);
});
