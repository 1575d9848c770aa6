import type { Clock } from "@mainstay/sdk/clock";
import type { EditDiff } from "@mainstay/sdk/edits";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import type { Log } from "../telemetry/log.ts";
import type { BackupsBudget, BackupsUsage } from "./backups.ts";
import type {
  Applied,
  Change,
  EditPlan,
  EditPreview,
  EditRecord,
  Restoration,
  Settled,
} from "./edit.ts";
import type { Listing, Span } from "./list-folder.ts";
import type { Program } from "./program.ts";
import type { TextWindow, Window } from "./read-window.ts";
import { rightsIn } from "./rights.ts";
import type { TextQuery } from "./search-text.ts";
import { applyOnce } from "./threads/apply-once.ts";
import { openPool } from "./threads/pool.ts";
import { recordOf } from "./threads/transfer.ts";
import type { Root } from "./walk.ts";

export { type BackupsBudget, openBackups } from "./backups.ts";
export { type ChangeRecorder, createChangeRecorder } from "./changes/recorder.ts";
export type { Applied, Change, EditPlan, EditPreview, EditRecord, FileStep } from "./edit.ts";
export { FileRefused } from "./refused.ts";
export { howLeft } from "./transaction/told.ts";

/**
 * The files of a workspace. `root` is as it was registered, from the server; `path` comes from a
 * model: relative to the workspace, or absolute below it. Every call throws FileRefused for what
 * cannot be done, with a message to act on. The work is done in threads (`threads/pool.ts`).
 */
export interface Files {
  read(root: WorkspaceRoot, path: string, window: Window): Promise<TextWindow>;
  list(root: WorkspaceRoot, path: string, span: Span): Promise<Listing>;
  /**
   * What a model reads of a search: `path:line: text` and notes on what was left out.
   * @throws the signal's reason when aborted.
   */
  search(root: WorkspaceRoot, query: TextQuery, signal: AbortSignal): Promise<string>;
  /** Decides an edit; nothing is written. */
  plan(root: WorkspaceRoot, changes: readonly Change[], edit_id: string): Promise<EditPlan>;
  /**
   * The same for putting files back: `before` of a step is what must be there now.
   * @throws FileRefused "conflict" with both sides, "backup_gone", "too_many"
   */
  planRestore(root: WorkspaceRoot, back: Restoration, edit_id: string): Promise<EditPlan>;
  /** What an edit would do, for who is asked about it; nothing is decided. */
  preview(root: WorkspaceRoot, changes: readonly Change[]): Promise<EditPreview>;
  /**
   * All of it, or nothing. The contents of `plan` are gone from it afterwards.
   * @throws FileRefused whose message says what is untouched; but "torn", which says how each file stands,
   * and "unanswered": settle it later
   */
  apply(root: WorkspaceRoot, plan: EditPlan): Promise<Applied>;
  /** Decides an edit that was interrupted: all of it, or nothing. Again and again, where need be. */
  settle(root: WorkspaceRoot, record: EditRecord): Promise<Settled>;
  /** From what is kept of it. */
  diffOf(record: EditRecord): Promise<EditDiff>;
  /** What is kept of files as they were; `prune` holds it to its budget. */
  readonly backups: { prune(): Promise<BackupsUsage> };
  /** SHA-256 of a file in hex, null when there is none. */
  digest(root: WorkspaceRoot, path: string): Promise<string | null>;
  /** A program that a command would run, for who must agree to its bytes. Never refuses. */
  program(root: WorkspaceRoot, path: string, head_chars: number): Promise<Program>;
  /** Resolves when edits on their way have come to their end. */
  close(): Promise<void>;
}

export interface FilesParts {
  readonly clock: Clock;
  /** The server's own user. */
  readonly uid: number;
  readonly log: Log;
  readonly backups: { readonly folder: string; readonly budget: BackupsBudget };
}

export function workspaceFiles({ clock, uid, log, backups }: FilesParts): Files {
  const url = new URL("./threads/file-thread.ts", import.meta.url);
  const pool = openPool({ clock, log, url, data: { backups } });
  const bounded = (root: WorkspaceRoot): Root => ({ ...root, rights: rightsIn(root, uid) });

  return {
    read: (root, path, window) => pool.ask(root.path, "read", bounded(root), path, window),
    list: (root, path, span) => pool.ask(root.path, "list", bounded(root), path, span),
    search: (root, query, signal) =>
      untilAborted(signal, (unwanted) =>
        pool.ask(root.path, "search", bounded(root), query, unwanted),
      ),
    plan: (root, changes, edit_id) => pool.ask(root.path, "plan", bounded(root), changes, edit_id),
    preview: (root, changes) => pool.ask(root.path, "preview", bounded(root), changes),
    planRestore: (root, back, edit_id) =>
      pool.ask(root.path, "planRestore", bounded(root), back, edit_id),
    apply: (root, plan) => applyOnce(pool, bounded(root), plan),
    settle: (root, record) => pool.ask(root.path, "settle", bounded(root), recordOf(record)),
    diffOf: (record) => pool.ask(backups.folder, "diffOf", recordOf(record)),
    backups: { prune: () => pool.ask(backups.folder, "prune") },
    digest: (root, path) => pool.ask(root.path, "digest", bounded(root), path),
    program: (root, path, head_chars) =>
      pool.ask(root.path, "program", bounded(root), path, head_chars),
    close: pool.close,
  };
}

/** A signal does not reach into a thread; a flag in shared memory does. */
async function untilAborted<T>(
  signal: AbortSignal,
  begin: (unwanted: Int32Array) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const unwanted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const abort = () => void Atomics.store(unwanted, 0, 1);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const found = await begin(unwanted);
    signal.throwIfAborted();
    return found;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
