import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { atPlace, type Root } from "../../src/files/walk.ts";
import { files, refusal, scratchFolder, wholeFile, write } from "./workspace.ts";

const textOf = async (root: Root, path: string) => (await files.read(root, path, wholeFile)).text;
const faultOf = async (doing: Promise<unknown>) => (await refusal(doing)).fault;

const LEVELS = 3;

/** Where a path leads among folders of which `LEVELS` levels exist, or why it is refused. */
function meant(path: string): string {
  const trail: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") trail.push(name);
    else if (trail.length > LEVELS) return "absent";
    else if (trail.pop() === undefined) return "outside";
  }
  return trail.join("/") || ".";
}

const walkedTo = (root: Root, path: string): string => {
  try {
    return atPlace(root, path, "read", (place) => place.path);
  } catch (fault) {
    return (fault as { fault: string }).fault;
  }
};

test("B1: a path of names and dots is where it says, or refused when it leaves", async () => {
  const root = await scratchFolder();
  for (const a of ["a", "b"])
    for (const b of ["a", "b"])
      for (const c of ["a", "b"]) await mkdir(join(root.path, a, b, c), { recursive: true });
  const seen: Record<string, number> = { outside: 0, absent: 0 };
  const names = fc.array(fc.constantFrom("a", "b", "..", ".", ""), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(names, (parts) => {
      const path = `./${parts.join("/")}`;
      const expected = meant(path);
      seen[expected] = (seen[expected] ?? 0) + 1;
      expect(walkedTo(root, path)).toBe(expected);
    }),
    { numRuns: 500 },
  );
  expect(seen["outside"]).toBeGreaterThan(20);
  expect(seen["absent"]).toBeGreaterThan(0);
  expect(Object.keys(seen).length).toBeGreaterThan(10);
});

test("paths that no workspace can have are refused with what to do", async () => {
  const root = await scratchFolder();
  const cases = [
    ["", "malformed", /empty/],
    ["a\0b", "malformed", /NUL/],
    ["a/".repeat(3000), "malformed", /longer than 4096/],
    [`${"n".repeat(300)}`, "malformed", /255 bytes/],
    ["a/../../b", "absent", /does not exist/],
    ["../b", "outside", /leads out of the workspace/],
    ["/etc/passwd", "outside", /relative to it/],
    [`${root.path}x/a`, "outside", /relative to it/],
    ["~/.ssh/id_rsa", "outside", /relative to it/],
    ["nothing/here", "absent", /does not exist/],
  ] as const;
  for (const [path, fault, message] of cases) {
    const got = await refusal(files.read(root, path, wholeFile));
    expect(got, JSON.stringify(path)).toEqual({ fault, message: expect.stringMatching(message) });
  }
});

test("an absolute path below the workspace is the same as the relative one", async () => {
  const root = await scratchFolder();
  await write(root, join(root.path, "src/a.ts"), "hello\n");
  expect(await textOf(root, "src/a.ts")).toBe("hello\n");
});

test("B2: links inside the workspace are followed, those that leave it are refused", async () => {
  const root = await scratchFolder();
  await write(root, "real/deep/a.txt", "a\n");
  await symlink("real/deep", join(root.path, "relative"));
  await symlink(join(root.path, "real"), join(root.path, "absolute"));
  await symlink("../real/./deep/../deep/a.txt", join(root.path, "real/file"));
  await symlink("/etc", join(root.path, "etc"));
  await symlink("../../..", join(root.path, "real/deep/up"));
  await symlink("loop", join(root.path, "loop"));
  for (const path of ["relative/a.txt", "absolute/deep/a.txt", "real/file"])
    expect(await textOf(root, path), path).toBe("a\n");
  const out = await refusal(files.read(root, "etc/hostname", wholeFile));
  expect(out).toEqual({ fault: "outside", message: expect.stringContaining('link to "/etc"') });
  expect(await faultOf(files.read(root, "real/deep/up/etc/hostname", wholeFile))).toBe("outside");
  expect(await faultOf(files.read(root, "loop", wholeFile))).toBe("too_deep");
  await write(root, "real/file", "written through a link\n");
  expect(await readFile(join(root.path, "real/deep/a.txt"), "utf8")).toBe(
    "written through a link\n",
  );
  expect(await faultOf(write(root, "etc/mainstay-test", "x"))).toBe("outside");
});

test("nothing is written inside .git, by a link neither; reading is free", async () => {
  const root = await scratchFolder();
  await mkdir(join(root.path, ".git/hooks"), { recursive: true });
  await writeFile(join(root.path, ".git/config"), "[core]\n");
  await symlink(".git", join(root.path, "g"));
  for (const path of [".git/config", ".git/hooks/pre-commit", ".GIT/config", "g/config", ".git"])
    expect(await faultOf(write(root, path, "x")), path).toBe("protected");
  for (const path of ["new/.git/config", "new/.git", "new/deep/.Git/x"])
    expect(await faultOf(write(root, path, "x")), path).toBe("protected");
  expect(readdirSync(root.path), "folders of a refused edit").not.toContain("new");
  expect(await textOf(root, "g/config")).toBe("[core]\n");
  await write(root, ".gitignore", "node_modules\n");
});

test("B3: pipes, sockets, devices and folders are refused at once", async () => {
  const root = await scratchFolder();
  execFileSync("mkfifo", [join(root.path, "pipe")]);
  const server = createServer().listen(join(root.path, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  await mkdir(join(root.path, "folder"));
  const names = ["pipe", "socket", "folder", "."];
  if (process.getuid?.() === 0) {
    execFileSync("mknod", [join(root.path, "null"), "c", "1", "3"]);
    names.push("null");
  }
  try {
    for (const name of names) {
      expect(await faultOf(files.read(root, name, wholeFile)), name).toBe("not_a_file");
      expect(await faultOf(write(root, name, "x")), name).toBe("not_a_file");
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("B4: every descriptor is closed, whatever the end", async () => {
  const root = await scratchFolder();
  await write(root, "a/b/c.txt", "x\n");
  await symlink("a/b", join(root.path, "link"));
  const open = () => readdirSync("/proc/self/fd").length;
  const round = () =>
    Promise.allSettled([
      textOf(root, "link/../b/c.txt"),
      textOf(root, "a/b"),
      textOf(root, "a/x/y"),
      textOf(root, "../x"),
      write(root, "a/n/m/o.txt", "y"),
      write(root, ".git/x", "y"),
      files.list(root, ".", { depth: 5, limit_entries: 10 }),
      files.search(root, { pattern: "x" }, new AbortController().signal),
      files.search(root, { pattern: "x" }, AbortSignal.abort()),
    ]);
  await round();
  const before = open();
  for (let i = 0; i < 20; i++) await round();
  expect(open()).toBe(before);
});
