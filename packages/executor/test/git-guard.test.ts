/** What a command leaves in `.git` must not run outside the sandbox, as the person. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openBench, registration, saying, type Bench } from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

let folder: string;
let count = 0;
const run = (script: string) => bench.exited(script, { workspace_id: `git-${count}` });
const git = (...args: string[]) =>
  spawnSync("git", ["-C", folder, ...args], {
    encoding: "utf8",
    env: { HOME: bench.home, PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1" },
  });
const inGit = () => readdirSync(join(folder, ".git"));

/** A repository of the person's own, made outside the sandbox. */
beforeEach(async () => {
  folder = join(dirname(bench.workspace), `repository-${++count}`);
  mkdirSync(folder);
  expect(git("init", "-q").status).toBe(0);
  await bench.link().registerWorkspace(registration(`git-${count}`, folder));
});

const PLANT = `cp -r .git evil
printf '[core]\\n\\tfsmonitor = "touch PWNED; false"\\n' >> evil/config
echo ../evil > .git/commondir`;

test("a commondir that leads git to another config is moved aside, and told", async () => {
  const end = await run(PLANT);
  expect(end).toMatchObject({
    exit_code: 0,
    notices: [expect.stringMatching(/^removed \.git\/commondir: /)],
  });
  expect(git("status").status).toBe(0);
  expect(readdirSync(folder).toSorted()).toEqual([".git", "evil"]);
  expect(inGit()).toContainEqual(expect.stringMatching(/^commondir\.removed-/));
  expect((await run("git status")).notices).toEqual([]);
});

test("planted: without that look git runs the command's program", async () => {
  await run(PLANT);
  const kept = inGit().find((name) => name.startsWith("commondir."));
  expect(kept).toBeDefined();
  await run(`cp .git/${kept} aside`);
  spawnSync("cp", ["aside", ".git/commondir"], { cwd: folder });
  git("status");
  expect(readdirSync(folder)).toContain("PWNED");
  // It was there before the command began.
  expect((await run("true")).notices).toEqual([
    expect.stringMatching(/^removed \.git\/commondir: /),
  ]);
});

test("hooks and a worktree's config that were absent are moved aside; what was there is pinned", async () => {
  rmSync(join(folder, ".git/hooks"), { recursive: true });
  const planted = await run(
    "mkdir .git/hooks; printf '#!/bin/sh\\ntouch PWNED\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo > .git/config.worktree",
  );
  expect(planted.notices.map((notice) => notice.split(":")[0])).toEqual([
    "removed .git/config.worktree",
    "removed .git/hooks",
  ]);
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "-qm", "x");
  expect(git("log", "--oneline").stdout).toMatch(/ x$/m);
  expect(existsSync(join(folder, "PWNED"))).toBe(false);

  git("config", "extensions.worktreeConfig", "true");
  git("config", "--worktree", "core.pager", "mine");
  const tried = await run("echo evil >> .git/config.worktree; rm -f .git/config.worktree");
  expect(tried).toMatchObject({ exit_code: 1, notices: [] });
  expect(readFileSync(join(folder, ".git/config.worktree"), "utf8")).not.toMatch(/evil/);
});

test("a link to hooks cannot be exchanged", async () => {
  rmSync(join(folder, ".git/hooks"), { recursive: true });
  symlinkSync("../good", join(folder, ".git/hooks"));
  expect((await run("ls -l .git/hooks")).notices).toEqual([]);
  const { notices } = await run("rm .git/hooks; ln -s ../evil .git/hooks");
  expect(notices).toEqual([expect.stringMatching(/^removed \.git\/hooks: /)]);
  expect(inGit()).not.toContain("hooks");
});

test("commands that overlap are held against what was there before the first", async () => {
  rmSync(join(folder, ".git/hooks"), { recursive: true });
  const workspace_id = `git-${count}`;
  const first = bench.ticket("mkdir .git/hooks; echo up; while [ ! -e go ]; do sleep 0.01; done", {
    workspace_id,
  });
  const up = saying(bench.link(), first.plan.command_id, "up");
  await bench.link().run(first);
  await up;
  const second = await run("mkdir -p .git/hooks");
  expect(second.notices.length).toBe(2); // the first one's, seen at the start, and its own
  writeFileSync(join(folder, "go"), "");
  expect(await bench.link().wait(first.plan.command_id)).toMatchObject({ outcome: "exited" });
  expect(inGit()).not.toContain("hooks");
});

test("a repository that a command makes is its own, and its person is told", async () => {
  rmSync(join(folder, ".git"), { recursive: true });
  const made = await run(
    "git init -q . && git commit -q --allow-empty -m x && echo .. > .git/commondir",
  );
  expect(made).toMatchObject({
    exit_code: 0,
    notices: [expect.stringMatching(/^\.git is new: /), expect.stringMatching(/commondir/)],
  });
  expect((await run("git log --oneline")).notices).toEqual([]);
});

test("a .git that a command closed to its owner is looked into all the same", async () => {
  const end = await run("echo x > .git/commondir; chmod 0 .git; chmod 0 .");
  expect(end.notices).toEqual([expect.stringMatching(/^removed \.git\/commondir: /)]);
});
