/**
 * Guards a workspace's `.git`, because git outside the sandbox runs what it says: `config` names
 * programs, `hooks` holds them, and `commondir` and `config.worktree` lead to another config.
 *
 * 1. What is there is pinned: bound onto itself, so that a command cannot move or rewrite it.
 * 2. What was absent cannot be pinned (an empty file there is litter, and breaks git), so it is
 *    looked for again after the command, and moved aside.
 * 3. Commands in one workspace may overlap. All are held against what was there before the first of
 *    them, so that none takes another's plant for something that was there already.
 * 4. All looks go through the folder's descriptor and follow no link.
 *
 * A `.git` that a command makes anew is its own work; its person is told so.
 */
import { randomBytes } from "node:crypto";
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
} from "node:fs";
import type { Pin } from "./sandbox/compose.ts";

/** In the order in which they are bound. */
const PINNED = ["config", "config.worktree", "hooks"];
/** A `.git` that is a folder never has one of its own. */
const ALWAYS_FOREIGN = "commondir";

const FOLDER_ITSELF = constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Opens what we may not read; Linux has it for all architectures. */
const O_PATH = 0o10000000;

export interface GitGuards {
  /** Throws where `.git` cannot be looked into. */
  enter(workspace: { identity: string; descriptor: number }): GitGuard;
}

export interface GitGuard {
  pins: Pin[];
  /** Call once, when the command has ended: says what was found and undone. Never throws. */
  leave(): string[];
}

/** `own` is pinned; a link's target is not the workspace's to pin, so its words are remembered. */
type Entry = { kind: "absent" } | { kind: "own" } | { kind: "link"; target: string };

interface Guarded {
  root: number;
  /** `.git` itself, then what is in it. */
  before: { git: Entry; inside: Map<string, Entry> };
  commands: number;
  /** Found when a command began; told at the end of the next. */
  notices: string[];
}

export function createGitGuards(): GitGuards {
  const guarded = new Map<string, Guarded>();

  function leave(identity: string, guard: Guarded): string[] {
    const notices = [...guard.notices.splice(0), ...reviewOrSay(guard)];
    guard.commands -= 1;
    if (guard.commands === 0) {
      guarded.delete(identity);
      closeSync(guard.root);
    }
    return notices;
  }

  return {
    enter({ identity, descriptor }) {
      const guard = guarded.get(identity) ?? begin(descriptor);
      guarded.set(identity, guard);
      guard.commands += 1;
      try {
        guard.notices.push(...review(guard));
        return { pins: findPins(guard.root), leave: () => leave(identity, guard) };
      } catch (error) {
        guard.notices.push(...leave(identity, guard));
        throw error;
      }
    },
  };
}

/** Holds a descriptor of its own: the workspace may be registered anew meanwhile. */
function begin(descriptor: number): Guarded {
  const root = openSync(`/proc/self/fd/${descriptor}/.`, FOLDER_ITSELF);
  try {
    return { root, before: lookAround(root), commands: 0, notices: [] };
  } catch (error) {
    closeSync(root);
    throw error;
  }
}

function lookAround(root: number): Guarded["before"] {
  const inside = new Map<string, Entry>();
  withGit(root, (folder) => {
    for (const name of PINNED) inside.set(name, entryOf(folder, name));
  });
  return { git: entryOf(root, ".git"), inside };
}

function reviewOrSay(guard: Guarded): string[] {
  try {
    return review(guard);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") return [cannotLook(error)];
  }
  try {
    openToOwner(guard.root);
    withGit(guard.root, openToOwner);
    return review(guard);
  } catch (error) {
    return [cannotLook(error)];
  }
}

/** Invariants 2 and 3. Says what it found, once. */
function review({ root, before }: Guarded): string[] {
  const notices: string[] = [];
  const git = entryOf(root, ".git");
  if (git.kind !== "absent" && !isSame(git, before.git)) {
    before.git = git;
    notices.push(
      ".git is new: what its config and hooks say was written in the sandbox, and git outside the sandbox runs it; read them before you use git there",
    );
  }
  withGit(root, (folder) => {
    for (const [name, was] of [...before.inside, [ALWAYS_FOREIGN, ABSENT] as const]) {
      const is = entryOf(folder, name);
      if (is.kind !== "absent" && !isSame(is, was)) notices.push(moveAside(folder, name));
    }
  });
  return notices;
}

function moveAside(folder: number, name: string): string {
  const aside = `${name}.removed-${randomBytes(6).toString("hex")}`;
  renameSync(`/proc/self/fd/${folder}/${name}`, `/proc/self/fd/${folder}/${aside}`);
  return `removed .git/${name}: a command made it, and git outside the sandbox would run what it says (kept as .git/${aside})`;
}

const cannotLook = (error: unknown): string =>
  `.git could not be checked (${(error as Error).message}): look at it before you use git there`;

/** A command may have closed a folder to its owner, who can open it again. */
function openToOwner(descriptor: number): void {
  const { mode } = fstatSync(descriptor);
  if ((mode & 0o700) !== 0o700) chmodSync(`/proc/self/fd/${descriptor}`, (mode & 0o7777) | 0o700);
}

/** Looked up by descriptor; a swap after this is caught at the gate. */
function findPins(root: number): Pin[] {
  const git = look(root, ".git");
  if (git === null || git.isSymbolicLink()) return [];
  if (!git.isDirectory()) return [pin(".git", git, "read_only")];
  const pins: Pin[] = [];
  withGit(root, (folder) => {
    pins.push(pin(".git", fstatSync(folder, { bigint: true }), "read_write"));
    for (const name of PINNED) {
      const found = look(folder, name);
      if (found !== null && !found.isSymbolicLink()) {
        pins.push(pin(`.git/${name}`, found, "read_only"));
      }
    }
  });
  return pins;
}

function pin(path: string, { dev, ino }: BigIntStats, access: Pin["access"]): Pin {
  return { path, identity: `${dev}:${ino}`, access };
}

/** Does nothing where `.git` is no folder. */
function withGit(root: number, use: (folder: number) => void): void {
  if (look(root, ".git")?.isDirectory() !== true) return;
  const folder = openSync(`/proc/self/fd/${root}/.git`, FOLDER_ITSELF | O_PATH);
  try {
    use(folder);
  } finally {
    closeSync(folder);
  }
}

const ABSENT: Entry = { kind: "absent" };

function entryOf(folder: number, name: string): Entry {
  const found = look(folder, name);
  if (found === null) return ABSENT;
  if (!found.isSymbolicLink()) return { kind: "own" };
  return { kind: "link", target: readlinkSync(`/proc/self/fd/${folder}/${name}`) };
}

function look(folder: number, name: string): BigIntStats | null {
  const path = `/proc/self/fd/${folder}/${name}`;
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

/** What was pinned has stayed as it was. */
function isSame(is: Entry, was: Entry): boolean {
  if (is.kind === "link") return was.kind === "link" && was.target === is.target;
  return is.kind === was.kind;
}
