/**
 * A look at what makes programs outside the sandbox run something by itself: the settings of other
 * agents and editors, git's of repositories within the workspace, and where the workspace's own git
 * config points.
 *
 * 1. Every step goes through a descriptor and follows no link; a link is known by its words.
 * 2. Bounded in files, bytes, folders and depth. What lies past a bound is not seen: this informs
 *    people, it is no wall.
 */
import { hash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import { relative } from "node:path";
import { type Pointer, pointersOf } from "./git-pointers.ts";
import { readUpTo } from "./read-up-to.ts";

/** Read at the root of a project when somebody opens it, enters it, or asks an agent there. */
const AGENT_CONFIG = [
  ...".mcp.json CLAUDE.md CLAUDE.local.md AGENTS.md GEMINI.md .claude .codex .gemini".split(" "),
  ...".cursor .cursorrules .windsurf .windsurfrules .clinerules .roo .kiro .continue".split(" "),
  ...".opencode opencode.json .amazonq .aider.conf.yml .goosehints .github/agents".split(" "),
  ...".github/copilot-instructions.md .github/instructions .github/prompts".split(" "),
  ...".vscode .idea .zed .devcontainer .devcontainer.json .exrc .nvim.lua".split(" "),
  ...".dir-locals.el .envrc .mise.toml mise.toml .husky lefthook.yml".split(" "),
  ...".pre-commit-config.yaml .yarnrc.yml .npmrc .cargo/config.toml .cargo/config".split(" "),
];
/** At the root by their ending. */
const EDITED_TOGETHER = ".code-workspace";
/** Agents read them in the folders that they work in, too. */
const NESTED_CONFIG = ["CLAUDE.md", "AGENTS.md"];
/** Of a repository: programs are named by the first three, held by the fourth. */
const GIT_CONFIG = ["config", "config.worktree", "commondir", "hooks"];
/** Many, deep, and nobody's repositories. */
const NOT_SEARCHED = new Set([
  "node_modules",
  "target",
  ".venv",
  "venv",
  "vendor",
  "dist",
  "build",
]);

const BOUND = {
  ...{ files: 256, file_bytes: 64 << 10, entries: 256, depth: 4, repositories: 32 },
  ...{ git_configs: 8, pointers: 64 },
};
/** A folder of more bytes has thousands of names; reading all would take longer than a command. */
const LISTED_LIMIT_BYTES = 128 << 10;

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** By path below the workspace: what is there, in words that differ where it does. */
export type Survey = Map<string, string>;

export interface Surveys {
  agents: Survey;
  repositories: Survey;
}

/** `root` is an open folder; throws where that is closed to us. What is closed below it is told as such. */
export function surveyConfig(root: number): Surveys {
  const listed = listRoot(root);
  const is_there = (path: string) => listed === null || listed.has(path.split("/", 1)[0]!);
  const surveys: Surveys = { agents: new Map(), repositories: new Map() };
  const by_ending = [...(listed?.keys() ?? [])].filter((name) => name.endsWith(EDITED_TOGETHER));
  for (const path of [...AGENT_CONFIG.filter(is_there), ...by_ending]) {
    reach(root, path.split("/"), path, surveys.agents, addEntry);
  }
  if (is_there(".git")) {
    reach(root, [".git", "modules"], ".git/modules", surveys.repositories, addModules);
    addPointedAt(root, surveys.repositories);
  }
  const folders = [...(listed ?? [])]
    .filter(([name, is_folder]) => is_folder && isSearched(name))
    .map(([name]) => name);
  for (const name of folders.toSorted().slice(0, BOUND.repositories)) {
    within(root, name, (folder) => {
      addRepository(folder, ".git", `${name}/.git`, surveys.repositories);
      for (const one of NESTED_CONFIG) addEntry(folder, one, `${name}/${one}`, surveys.agents);
    });
  }
  return surveys;
}

/** Names, and which of them are folders; null where there are too many to be read each time. */
function listRoot(root: number): Map<string, boolean> | null {
  if (fstatSync(root).size > LISTED_LIMIT_BYTES) return null;
  const entries = readdirSync(at(root, "."), { withFileTypes: true });
  return new Map(entries.map((entry) => [entry.name, entry.isDirectory()]));
}

const isSearched = (name: string) => name !== ".git" && !NOT_SEARCHED.has(name);

type Add = (folder: number, name: string, path: string, seen: Survey) => void;

/** Adds what the names lead to. */
function reach(
  folder: number,
  [name = ".", ...rest]: string[],
  path: string,
  seen: Survey,
  add: Add,
): void {
  if (rest.length === 0) add(folder, name, path, seen);
  else if (lookAt(folder, name)?.isDirectory() === true) {
    within(folder, name, (child) => reach(child, rest, path, seen, add));
  }
}

/** A `.git` that is a file or a link leads to one elsewhere; one that is a folder holds its own. */
function addRepository(folder: number, name: string, path: string, seen: Survey): void {
  const found = lookAt(folder, name);
  if (found === null) return;
  if (!found.isDirectory()) return addEntry(folder, name, path, seen);
  within(folder, name, (git) => {
    for (const one of GIT_CONFIG) addEntry(git, one, `${path}/${one}`, seen);
  });
}

/** The repositories of submodules, by the names that were given to them: without a slash, mostly. */
function addModules(git: number, name: string, path: string, seen: Survey): void {
  if (lookAt(git, name)?.isDirectory() !== true) return;
  within(git, name, (modules) => {
    for (const one of namesIn(modules).slice(0, BOUND.repositories)) {
      addRepository(modules, one, `${path}/${one}`, seen);
    }
  });
}

/** What the config of the workspace's own repository points at in the workspace; the config is pinned. */
function addPointedAt(root: number, seen: Survey): void {
  const workspace = readlinkSync(`/proc/self/fd/${root}`);
  const configs = [".git/config", ".git/config.worktree"];
  for (const config of configs) {
    for (const { path, kind } of pointersIn(root, config)) {
      const target = path.startsWith("/") ? relative(workspace, path) : path;
      if (!isBelow(target)) continue;
      if (kind === "config" && configs.length < BOUND.git_configs) configs.push(target);
      reach(root, target.split("/"), target, seen, kind === "program" ? addFile : addEntry);
    }
  }
}

/** A folder beside the program's name is no program. */
const addFile: Add = (folder, name, path, seen) => {
  if (lookAt(folder, name)?.isDirectory() !== true) addEntry(folder, name, path, seen);
};

/** And not the root itself. */
const isBelow = (path: string) => !/^(\.\.?(\/|$)|\/|$)/.test(path);

function pointersIn(root: number, config: string): Pointer[] {
  let text = "";
  reach(root, config.split("/"), config, new Map(), (folder, name) => {
    if (lookAt(folder, name)?.isFile() !== true) return;
    text = orElse("", () =>
      reading(folder, name, (file) => readUpTo(file, BOUND.file_bytes)).toString(),
    );
  });
  return pointersOf(text, config).slice(0, BOUND.pointers);
}

function addEntry(folder: number, name: string, path: string, seen: Survey, depth = 0): void {
  const found = lookAt(folder, name);
  if (found === null || seen.size >= BOUND.files) return;
  const add = (look: () => string) => seen.set(path, orElse("closed", look));
  if (found.isSymbolicLink()) {
    add(() => `link ${readlinkSync(at(folder, name))}`);
  } else if (found.isFile()) {
    add(() => reading(folder, name, wordsFor));
  } else if (found.isDirectory() && depth < BOUND.depth) {
    const is_open = within(folder, name, (child) => {
      for (const one of namesIn(child)) addEntry(child, one, `${path}/${one}`, seen, depth + 1);
    });
    if (!is_open) seen.set(path, "closed");
  }
}

/** By its bytes, so that what is written anew with the same ones is the same. */
function wordsFor(file: number): string {
  const { ino, size, mode, ctimeNs } = fstatSync(file, { bigint: true });
  if (size > BOUND.file_bytes) return `large ${ino} ${size} ${ctimeNs}`;
  const bytes = readUpTo(file, Number(size) + 1);
  return `${(mode & 0o111n) !== 0n ? "program" : "file"} ${hash("sha256", bytes)}`;
}

function reading<Result>(folder: number, name: string, use: (file: number) => Result): Result {
  const file = openSync(at(folder, name), FILE);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** It is closed to us, or was gone in between. */
function orElse(closed: string, look: () => string): string {
  try {
    return look();
  } catch {
    return closed;
  }
}

/** False where it is no folder that can be opened. */
function within(folder: number, name: string, use: (child: number) => void): boolean {
  let child: number;
  try {
    child = openSync(at(folder, name), FOLDER);
  } catch {
    return false;
  }
  try {
    use(child);
    return true;
  } finally {
    closeSync(child);
  }
}

function namesIn(folder: number): string[] {
  try {
    const names = readdirSync(at(folder, ".")).slice(0, BOUND.entries);
    return names.filter((name) => !name.endsWith(".sample")).toSorted(); // git runs no such hook
  } catch {
    return [];
  }
}

const at = (folder: number, name: string) => `/proc/self/fd/${folder}/${name}`;
const lookAt = (folder: number, name: string) => {
  try {
    return lstatSync(at(folder, name), { throwIfNoEntry: false }) ?? null;
  } catch {
    return null; // its folder is closed
  }
};
