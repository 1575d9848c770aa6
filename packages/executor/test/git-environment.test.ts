/** git that only reads, in a repository that plants what it can: nothing is written, nothing run. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openBench, type Bench } from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
  git("init", "-q");
  writeFileSync(inside("file"), "one\n");
  writeFileSync(inside("run"), `#!/bin/sh\necho "$0" >> ${inside("PWNED")}\nexit 1\n`);
  chmodSync(inside("run"), 0o755);
  git("add", ".");
  git(...identity, "commit", "-qm", "first");
  // Signed, by nobody in particular: `log.showSignature` has it checked.
  const commit = git("cat-file", "commit", "HEAD").replace(/\n\n/, `\n${SIGNATURE}\n\n`);
  const signed = git("hash-object", "-t", "commit", "-w", "--stdin", { input: commit }).trim();
  git("update-ref", "HEAD", signed);
  for (const key of PLANTED) git("config", key, inside("run"));
  git("config", "log.showSignature", "true");
  writeFileSync(inside(".git/hooks/post-index-change"), readFileSync(inside("run")));
  chmodSync(inside(".git/hooks/post-index-change"), 0o755);
});
afterAll(() => bench.close());

const SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----";
const PLANTED = "core.fsmonitor core.pager pager.log pager.diff pager.status gpg.program".split(
  " ",
);
const inside = (path: string) => join(bench.workspace, path);

function git(...args: (string | { input: string })[]): string {
  const { input } = (args.find((arg) => typeof arg === "object") ?? {}) as { input?: string };
  const words = args.filter((arg) => typeof arg === "string");
  const env = { HOME: bench.home, PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1" };
  const options = { cwd: bench.workspace, encoding: "utf8", env } as const;
  const done = spawnSync("git", words, input === undefined ? options : { ...options, input });
  if (done.status !== 0) throw new Error(done.stderr);
  return done.stdout;
}

/** Each file of the workspace and of `.git` with its inode, size and time of writing. */
function everything(): Record<string, string> {
  const names = readdirSync(bench.workspace, { recursive: true }) as string[];
  return Object.fromEntries(
    names.map((name) => {
      const { ino, size, mtimeNs } = lstatSync(inside(name), { bigint: true });
      return [name, `${ino} ${size} ${mtimeNs}`];
    }),
  );
}

/** The index is out of date: git wants to write it. */
beforeEach(() => {
  rmSync(inside("PWNED"), { force: true });
  utimesSync(inside("file"), 1_500_000_000, 1_500_000_000 + (count += 1));
});
let count = 0;

const READING = [
  ...["status", "status --short", "diff", "diff HEAD", "diff --stat", "log", "log -p"],
  ...["show", "blame file", "branch -v", "ls-files -m", "rev-parse HEAD", "grep one", "stash list"],
];

test.for(READING)("git %s writes nothing and runs nothing", async (subcommand) => {
  const before = everything();
  const end = await bench.exited(`git ${subcommand}`);
  expect(end.exit_code).toBe(0);
  expect(everything()).toEqual(before);
});

test("in a terminal of its own it finds no pager but cat", async () => {
  const { output } = await bench.exited(
    "script -qec 'git log --oneline' /dev/null; git var GIT_PAGER",
  );
  expect(output).toMatch(/ first\r?\n/);
  expect(output).toMatch(/cat\n$/);
  expect(existsSync(inside("PWNED"))).toBe(false);
});

const FORCED = "GIT_CONFIG_COUNT GIT_OPTIONAL_LOCKS GIT_PAGER PAGER".split(" ");
const unforced = FORCED.map((name) => `-u ${name}`).join(" ");

test.for([
  ["status", "run"],
  ["log", "run"],
  ["-c core.fsmonitor=false diff", "post-index-change"],
])("planted: unforced, git %s runs the repository's program", async ([subcommand, ran]) => {
  await bench.exited(`env ${unforced} git ${subcommand}`);
  expect(readFileSync(inside("PWNED"), "utf8")).toContain(ran);
});

test("hooks of a commit run as ever", async () => {
  writeFileSync(inside("file"), "two\n");
  writeFileSync(inside(".git/hooks/pre-commit"), "#!/bin/sh\necho checked > hooked\n");
  chmodSync(inside(".git/hooks/pre-commit"), 0o755);
  expect(await bench.exited("git commit -qam second && git log --oneline -1")).toMatchObject({
    ...{ exit_code: 0, output: expect.stringMatching(/ second\n$/) },
  });
  expect(readFileSync(inside("hooked"), "utf8")).toBe("checked\n");
});
