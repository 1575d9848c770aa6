import type { Changes } from "@mainstay/sdk/changes";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../../kernel/errors.ts";
import type { WorkspaceRoot } from "../../kernel/workspace.ts";
import type { Log } from "../../telemetry/log.ts";
import { slotsMemory } from "../threads/sync-slots.ts";
import { createThread } from "../threads/thread.ts";
import { notedAsGoingOn } from "./notes.ts";
import type { Answer, Wish } from "./recorder-thread.ts";

/** A thread that nobody needs any more gives its memory back. */
const IDLE_MS = 60_000;
/** Longer than a snapshot may take. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * Records what commands change in their workspaces, in a thread of its own.
 *
 * 1. What a workspace held is on disk before the command begins: a restart of the server in its midst
 *    loses nothing.
 * 2. It never keeps a command from running or from ending: what cannot be recorded is told as such.
 * 3. What works in one workspace at the same time is not told apart, and says so.
 */
export interface ChangeRecorder {
  /** Resolves when the workspace is noted as it is. */
  before(command_id: string, root: WorkspaceRoot, goes: "with its call" | "on"): Promise<void>;
  /** What differs since; null where nothing was noted. */
  since(command_id: string): Promise<Changes | null>;
  /** The same of a command that went on when its call had ended; null of every other. */
  sinceItWentOn(command_id: string): Promise<Changes | null>;
  /** An edit, which is told by itself, falls into whatever runs there. */
  touched(root: WorkspaceRoot): void;
  /** What differed is on record, or nobody will ask. Of what was noted only. */
  forget(command_id: string): void;
  stop(): Promise<void>;
}

export interface RecorderParts {
  /** For notes on what runs; made if absent. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function createChangeRecorder({ folder, clock, log }: RecorderParts): ChangeRecorder {
  const open = new Map<string, { readonly path: string; overlapped: boolean }>();
  const gone_on = new Set(notedAsGoingOn(folder));
  const thread = createThread<Wish, Answer>({
    ...{ url: new URL("./recorder-thread.ts", import.meta.url), name: "changes", data: folder },
    ...{ clock, log, slots: slotsMemory(), answer_limit_ms: ANSWER_LIMIT_MS, idle_ms: IDLE_MS },
  });

  /** 2. */
  const ask = (wish: Wish): Promise<Answer | { readonly failed: string }> =>
    thread.ask(wish).catch((fault: unknown) => ({ failed: messageOf(fault) }));

  /** 3. Whether anything else is at work there. */
  function meet(path: string): boolean {
    const others = [...open.values()].filter((other) => other.path === path);
    for (const other of others) other.overlapped = true;
    return others.length > 0;
  }

  async function since(command_id: string): Promise<Changes | null> {
    const overlapped = gone_on.has(command_id) || (open.get(command_id)?.overlapped ?? true);
    open.delete(command_id);
    const answer = await ask({ kind: "since", command_id });
    if ("changes" in answer) return { ...answer.changes, overlapped };
    if (!("failed" in answer)) return null;
    const incomplete = `what it changed could not be recorded: ${answer.failed}`;
    return { files: [], more: 0, not_entered: [], incomplete, overlapped };
  }

  return {
    async before(command_id, root, goes) {
      open.set(command_id, { path: root.path, overlapped: meet(root.path) });
      if (goes === "on") gone_on.add(command_id);
      const answer = await ask({ kind: "before", command_id, root, goes });
      if ("failed" in answer)
        log.warn({ command_id, fault: answer.failed }, "what it changes will not be known");
    },
    since,
    sinceItWentOn: async (command_id) => (gone_on.has(command_id) ? since(command_id) : null),
    touched: ({ path }) => void meet(path),
    forget(command_id) {
      open.delete(command_id);
      gone_on.delete(command_id);
      void ask({ kind: "forget", command_id });
    },
    stop: thread.end,
  };
}
