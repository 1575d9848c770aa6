/** A workspace full of traps, and a digest that shows whether any has sprung. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HOSTILE_NAMES } from "./vocabulary.ts";

/** What the traps write. */
const TRAP = "#!/bin/sh\necho sprung > PWNED\n";

const FILES: Record<string, string> = {
  "a.txt": "hello needle\na b c\n3 2 1\nfoo|bar\n",
  "b.txt": "hello\nworld\n",
  "f.txt": "one\ntwo\n",
  "names.txt": "zoe\nadam\nmia\n",
  "d.csv": "id,name,n\n1,a,3\n2,b,4\n",
  "log.txt": "first\nsecond ERROR\nthird\n",
  "list.txt": "a.txt\nb.txt\n",
  "op.txt": "-r root /etc\n",
  "v.txt": "-v",
  "sums.txt": `${"0".repeat(64)}  /etc/passwd\n`,
  list0: "/etc/passwd\0a.txt\0",
  "p.b64": "aGVsbG8K\n",
  "package.json": '{"name":"p","scripts":{"test":"./x"}}\n',
  "a.bin": "\0\u0001\u0002binary\0",
  "prog.awk": 'BEGIN{system("./x")}\n',
  "prog.sed": "w PWNED\n",
  "prog.jq": ".\n",
  "env.sh": ". ./x\n",
  ".rc": "--pre=./x\n",
  ".ripgreprc": "--pre=./x\n",
  ".hidden": "hidden\n",
  ".jq": "def x: .;\n",
  ".lesskey": "#command\n",
  "x.jq": "def x: .;\n",
  "src/app.ts": "// TODO\nimport a from 'a';\neval(a);\n",
  "src/b.ts": "export {};\n",
  "src/lib/util.ts": "export const u = 1;\n",
  "docs/readme.md": "# readme\n",
  "src/lib/deeper/d.txt": "deep\n",
  "vendor/pkg/index.js": "1;\n",
};
const PROGRAMS = ["x", "cat", "ls", "git", "sort", "less", "src/x", "vendor/pkg/x", "bare/x"];
const LINKS: Record<string, string> = {
  outfile: "/etc/hosts",
  outdir: "/etc",
  up: "..",
  proc: "/proc/self",
  chain: "outfile",
  "docs/out": "../../..",
  inlink: "a.txt",
  deep: "src/lib/deeper",
  indir: "src",
  pkg: "vendor/pkg",
  loop: "loop",
  dangling: "nowhere",
};

/** In a repository's config these name programs that git would run. */
const TRAPPED_CONFIG = `[core]
	fsmonitor = ./x
	pager = ./x
	sshCommand = ./x
	editor = ./x
[diff]
	external = ./x
[diff "trap"]
	textconv = ./x
	command = ./x
[filter "trap"]
	clean = ./x
	smudge = ./x
[alias]
	st = !./x
	lg = log
[gpg]
	program = ./x
[pager]
	log = ./x
	status = ./x
[include]
	path = ../.rc
`;
const ATTRIBUTES = "* diff=trap filter=trap\n";

export interface Workspace {
  readonly root: string;
  /** What differs from how it was planted, and plants it anew then. */
  changes(): string[];
  remove(): void;
}

export interface Traps {
  /** Its repository's config names programs, as that of a nested one always does. */
  readonly config: boolean;
  /** Its index names a nested repository, so that git asks that one how it is. */
  readonly nested: boolean;
  /** Files are named like options, which a pattern of the shell then becomes. */
  readonly names: boolean;
}

export function plantWorkspace(traps: Traps): Workspace {
  const root = mkdtempSync(join(tmpdir(), "mainstay-safe-"));
  plant(root, traps);
  let planted = digest(root);
  return {
    root,
    changes() {
      const now = digest(root);
      const names = new Set([...planted.keys(), ...now.keys()]);
      const changed = [...names].filter((name) => planted.get(name) !== now.get(name));
      if (changed.length > 0) {
        for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
        plant(root, traps);
        planted = digest(root);
      }
      return changed;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function plant(root: string, { config, nested, names }: Traps): void {
  for (const [name, text] of Object.entries(FILES)) put(root, name, text);
  for (const name of names ? HOSTILE_NAMES : [])
    if (!name.includes("/")) put(root, name, "/etc/passwd\n");
  for (const name of PROGRAMS) chmodSync(put(root, name, TRAP), 0o755);
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(root, name));
  execFileSync("tar", ["-cf", "a.tar", "a.txt", "src"], { cwd: root });
  for (const packer of ["gzip", "xz", "bzip2"])
    execFileSync(packer, ["-k", "a.bin"], { cwd: root });
  plantRepository(join(root, "vendor/pkg"), ["index.js"], true);
  plantRepository(root, ["a.txt", ...(nested ? ["vendor/pkg"] : [])], config);
  plantBareRepository(join(root, "bare"));
}

function put(root: string, name: string, text: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function plantRepository(root: string, names: readonly string[], is_trapped: boolean): void {
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
      cwd: root,
      env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" },
      stdio: "ignore",
    });
  git("init", "-q", "-b", "main");
  git("add", ...names);
  git("commit", "-q", "-m", "first");
  git("commit", "-q", "--allow-empty", "-m", "second");
  git("tag", "v0");
  git("remote", "add", "origin", "ext::./x");
  // Same content, another time than the index knows: git would like to look, and to write it down.
  utimesSync(join(root, names[0]!), 1, 1);
  if (!is_trapped) return;
  writeFileSync(join(root, ".git/config"), TRAPPED_CONFIG, { flag: "a" });
  put(root, ".gitattributes", ATTRIBUTES);
}

/** A folder that git takes for a repository, although nothing in its name says so. */
function plantBareRepository(root: string): void {
  for (const name of ["objects", "refs/heads"]) mkdirSync(join(root, name), { recursive: true });
  put(root, "HEAD", "ref: refs/heads/main\n");
  put(root, "config", `[core]\n\trepositoryformatversion = 0\n\tworktree = .\n${TRAPPED_CONFIG}`);
}

/** By name: mode, times and content. */
function digest(root: string): Map<string, string> {
  return new Map(namesBelow(root).map((name) => [name, digestOf(join(root, name))]));
}

/** Without following links, as readdir's own recursion does. */
const namesBelow = (root: string, folder = ""): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = join(folder, entry.name);
    return entry.isDirectory() ? [name, ...namesBelow(root, name)] : [name];
  });

function digestOf(path: string): string {
  const { mode, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
  const what = lstatSync(path);
  if (what.isDirectory()) return `${mode} ${mtimeNs}`;
  if (what.isSymbolicLink()) return readlinkSync(path);
  if (!what.isFile()) return `${mode}`;
  const bytes = createHash("sha256").update(readFileSync(path)).digest("hex");
  return `${mode} ${mtimeNs} ${ctimeNs} ${bytes}`;
}
