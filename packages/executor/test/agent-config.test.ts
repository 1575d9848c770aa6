/** What a command leaves for other agents, editors and git to obey outside the sandbox is told. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
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
const run = (script: string) => bench.exited(script, { workspace_id: `config-${count}` });
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};

beforeEach(async () => {
  folder = join(dirname(bench.workspace), `project-${++count}`);
  mkdirSync(folder);
  await bench.link().registerWorkspace(registration(`config-${count}`, folder));
});

test("what is new, changed or gone is told once, and left as it is", async () => {
  write("CLAUDE.md", "be kind\n");
  write(".envrc", "true\n");
  write(".vscode/settings.json", "{}");
  const end = await run("echo x > .mcp.json; sed -i s/kind/evil/ CLAUDE.md; rm .envrc");
  expect(end.notices).toEqual([
    expect.stringMatching(/^new \.mcp\.json, changed CLAUDE\.md, removed \.envrc: other agents/),
  ]);
  expect(readdirSync(folder).toSorted()).toEqual([".mcp.json", ".vscode", "CLAUDE.md"]);
  expect((await run("cat CLAUDE.md")).notices).toEqual([]);
});

test("the same bytes written anew are the same; a program that becomes one is not", async () => {
  write(".husky/pre-commit", "npm test\n");
  expect(
    (await run("cat .husky/* > x; rm -r .husky; mkdir .husky; mv x .husky/pre-commit")).notices,
  )
    // mv keeps the mode of what cat made
    .toEqual([]);
  expect((await run("chmod +x .husky/pre-commit")).notices).toEqual([
    expect.stringMatching(/^changed \.husky\/pre-commit: /),
  ]);
});

test("links are told by their words and not followed", async () => {
  write("elsewhere/settings.json", "{}");
  symlinkSync("elsewhere", join(folder, ".claude"));
  expect((await run("echo x > elsewhere/settings.json; ln -s / .cursor")).notices).toEqual([
    expect.stringMatching(/^new \.cursor: /),
  ]);
  expect((await run("ln -sfn evil .claude")).notices).toEqual([
    expect.stringMatching(/^changed \.claude: /),
  ]);
});

test("repositories within: git outside runs what their config and hooks say", async () => {
  const made = await run("git init -q sub && git init -q kept");
  expect(made.notices).toEqual([
    expect.stringMatching(/^new kept\/\.git\/config, new sub\/\.git\/config: git outside/),
  ]);
  expect((await run("cd sub && git commit -q --allow-empty -m x")).notices).toEqual([]);
  const config = await run(
    "git -C sub config core.fsmonitor ./evil; echo x > kept/.git/hooks/pre-commit",
  );
  expect(config.notices[0]).toMatch(/changed sub\/\.git\/config/);
  expect(config.notices[0]).toMatch(/new kept\/\.git\/hooks\/pre-commit/);
  const moved = await run("mv sub/.git evil; echo 'gitdir: ../evil' > sub/.git");
  expect(moved.notices[0]).toMatch(/^new sub\/\.git, removed sub\/\.git\/config/);
});

test("a submodule's repository, in the folder that git's guard leaves writable", async () => {
  write(".git/modules/sub/config", "[core]\n");
  write(".git/config", "[core]\n");
  const end = await run("echo 'fsmonitor = ./evil' >> .git/modules/sub/config");
  expect(end.notices).toEqual([expect.stringMatching(/^changed \.git\/modules\/sub\/config: git/)]);
});

test("what the workspace's git config points at: git outside runs it, or reads what names programs", async () => {
  const config = [
    "[core]\n\thooksPath = .githooks # of all",
    '[include]\n\tpath = "../.gitconfig"',
    `[core] attributesFile = ${folder}/attributes`,
    '[filter "lfs"]\n\tclean = tools/clean %f',
    "[alias]\n\tt = !npm test",
  ];
  write(".git/config", `${config.join("\n")}\n`);
  write(".gitconfig", '[diff "x"]\n\ttextconv = sh ./tools/show\n');
  write("test/one.js", "");
  for (const path of ["tools/clean", "tools/other"]) write(path, "true\n");
  const end = await run(
    "mkdir .githooks; echo x | tee .githooks/pre-commit attributes tools/clean tools/show tools/other test/one.js; echo >> .gitconfig",
  );
  expect(end.notices).toHaveLength(1);
  const [changes, why] = end.notices[0]!.split(": ");
  expect(why).toMatch(/^git outside the sandbox/);
  expect(changes!.split(", ").toSorted()).toEqual([
    ...["changed .gitconfig", "changed tools/clean", "new .githooks/pre-commit"],
    ...["new attributes", "new tools/show"],
  ]);
});

test("a config that points out of the workspace or at itself ends a look", async () => {
  const included = ["../.gitconfig", "../../elsewhere", "/etc/passwd", "."];
  write(".git/config", included.map((path) => `[include]\n\tpath = ${path}\n`).join(""));
  write(".gitconfig", "[include]\n\tpath = .gitconfig\n[core]\n\thooksPath = .\n");
  expect((await run("echo x > file")).notices).toEqual([]);
});

test("settings beside a project's own: of npm, cargo, editors, and of agents a folder deeper", async () => {
  write("lib/readme", "");
  const end = await run(
    "mkdir .cargo; echo x | tee .npmrc .cargo/config.toml all.code-workspace lib/CLAUDE.md lib/AGENTS.md",
  );
  expect(end.notices).toEqual([
    expect.stringMatching(
      /^new \.npmrc, new \.cargo\/config\.toml, new all\.code-workspace, new lib\/CLAUDE\.md, new lib\/AGENTS\.md: /,
    ),
  ]);
});

test("commands that overlap: a change is told at the first end of any", async () => {
  const workspace_id = `config-${count}`;
  const first = bench.ticket(
    "echo x > AGENTS.md; echo up; while [ ! -e go ]; do sleep 0.01; done",
    {
      workspace_id,
    },
  );
  const up = saying(bench.link(), first.plan.command_id, "up");
  await bench.link().run(first);
  await up;
  expect((await run("true")).notices).toEqual([expect.stringMatching(/^new AGENTS\.md: /)]);
  writeFileSync(join(folder, "go"), "");
  expect(await bench.link().wait(first.plan.command_id)).toMatchObject({ notices: [] });
});

test("large files, many files and a closed folder end a look, not a command", async () => {
  write("AGENTS.md", "x".repeat(100_000));
  expect((await run("echo more >> AGENTS.md")).notices).toEqual([
    expect.stringMatching(/^changed AGENTS\.md: /),
  ]);
  const many = await run("mkdir -p .claude/a && cd .claude/a && seq 400 | xargs touch");
  expect(many.notices).toEqual([expect.stringMatching(/ and \d+ more: other agents/)]);
  expect((await run("chmod 0 .claude; chmod 0 .")).exit_code).toBe(0);
});
