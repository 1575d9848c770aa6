/**
 * Says what a command did to the settings that other agents, editors and git of the workspace run by
 * themselves, outside the sandbox. Nothing is masked or undone: a file in the way would be litter, and
 * to change such settings is often what was asked for.
 *
 * 1. Commands in one workspace may overlap. A change is told once, at the next end of any of them.
 * 2. The workspace's own `.git` is guarded by `git-guard.ts`.
 */
import { closeSync, constants, openSync } from "node:fs";
import { type Survey, type Surveys, surveyConfig } from "./config-survey.ts";

const NAMED_LIMIT = 6;

export interface ConfigGuards {
  /** The function returned is to be called once, when the command has ended: it says what changed. */
  enter(workspace: { identity: string; descriptor: number }): () => string[];
}

interface Guarded {
  root: number;
  /** Null where it could not be looked at. */
  before: Surveys | null;
  commands: number;
}

export function createConfigGuards(): ConfigGuards {
  const guarded = new Map<string, Guarded>();

  function leave(identity: string, guard: Guarded): string[] {
    const now = surveyOrNull(guard.root);
    const notices = noticesOf(guard.before, now);
    guard.before = now;
    guard.commands -= 1;
    if (guard.commands > 0) return notices;
    guarded.delete(identity);
    closeSync(guard.root);
    return notices;
  }

  return {
    enter({ identity, descriptor }) {
      const guard = guarded.get(identity) ?? begin(descriptor);
      guarded.set(identity, guard);
      guard.commands += 1;
      return () => leave(identity, guard);
    },
  };
}

/** Holds a descriptor of its own: the workspace may be registered anew meanwhile. */
function begin(descriptor: number): Guarded {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const root = openSync(`/proc/self/fd/${descriptor}/.`, flags);
  return { root, before: surveyOrNull(root), commands: 0 };
}

function surveyOrNull(root: number): Surveys | null {
  try {
    return surveyConfig(root);
  } catch {
    return null;
  }
}

function noticesOf(before: Surveys | null, now: Surveys | null): string[] {
  if (now === null) return ["the settings of other agents and editors could not be looked at"];
  if (before === null) return [];
  const agents = changesOf(before.agents, now.agents);
  const repositories = changesOf(before.repositories, now.repositories);
  return [
    ...tell(
      agents,
      "other agents and editors obey it outside the sandbox; read it before you use them here",
    ),
    ...tell(
      repositories,
      "git outside the sandbox runs what it says; read it before you use git there",
    ),
  ];
}

function tell(changes: string[], why: string): string[] {
  if (changes.length === 0) return [];
  const rest = changes.length - NAMED_LIMIT;
  const named = changes.slice(0, NAMED_LIMIT).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return [`${named}: ${why}`];
}

/** "new .mcp.json", "changed CLAUDE.md", "removed .envrc" */
function changesOf(before: Survey, now: Survey): string[] {
  const added = [...now].flatMap(([path, words]) => {
    const was = before.get(path);
    if (was === words) return [];
    return [`${was === undefined ? "new" : "changed"} ${path}`];
  });
  const removed = [...before.keys()].filter((path) => !now.has(path));
  return [...added, ...removed.map((path) => `removed ${path}`)];
}
