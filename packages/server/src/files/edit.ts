/**
 * What an edit is made of. It is planned first (nothing is written), put on record, then applied:
 * all of its files, or none.
 */

/** A file as it was seen, or shall be. */
export interface FileAs {
  readonly sha256: string;
  readonly size_bytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** One path of an edit. Both null, or both of one content and mode, is never a step. */
export interface FileStep {
  /** Relative to the workspace, links resolved; no two steps of an edit have one path. */
  readonly path: string;
  /** Null when no file may be there. */
  readonly before: FileAs | null;
  /** Null when it is deleted. Owner ids are wishes: only root can give files away, and -1 is no wish. */
  readonly after: FileAs | null;
  /** The path of another step, whose content this one gets. */
  readonly moved_from?: string;
}

/** Enough to finish or to take back an edit after a crash, with what the backups keep. */
export interface EditRecord {
  readonly edit_id: string;
  readonly steps: readonly FileStep[];
  /** Folders that it makes, the outermost first. */
  readonly folders: readonly string[];
}

/** An edit decided and not done. No steps: there is nothing to do. */
export interface EditPlan extends EditRecord {
  /** By step: the bytes of `before` and of `after`. */
  readonly contents: readonly {
    readonly before: Uint8Array | null;
    readonly after: Uint8Array | null;
  }[];
  /** Folders that go with it where nothing is left in them, the innermost first. */
  readonly emptied: readonly string[];
  /** Unified diffs of all its files, cut at the room's bounds and saying so. */
  readonly diff: string;
  /** One line: "edited src/a.ts (+3 −1 lines)". */
  readonly summary: string;
}

/** What an edit would do, told as far as anybody is shown it. No steps: there is nothing to do. */
export interface EditPreview extends Omit<EditRecord, "edit_id"> {
  readonly diff: string;
  /** Lines of the diff past the room's bounds. */
  readonly hidden_lines: number;
}

/** One thing that is wanted of a file. Paths come from a model or a person. */
export type Change =
  | { readonly kind: "write"; readonly path: string; readonly content: string }
  /** `old_text` must occur exactly once unless `replace_all`. */
  | {
      readonly kind: "replace";
      readonly path: string;
      readonly old_text: string;
      readonly new_text: string;
      readonly replace_all: boolean;
    }
  /** Lines from 1, both included. `sha256`: at least the first 12 digits of the file that was read. */
  | {
      readonly kind: "lines";
      readonly path: string;
      readonly first_line: number;
      readonly last_line: number;
      readonly new_text: string;
      readonly sha256: string;
    }
  | { readonly kind: "move"; readonly path: string; readonly to: string }
  | { readonly kind: "delete"; readonly path: string }
  /** A unified diff of one or many files. */
  | { readonly kind: "patch"; readonly patch: string };

/** How an edit ended that came to an end. Whatever else becomes of it is thrown. */
export interface Applied {
  /** That the disk did not confirm it; null when it is durable. */
  readonly unconfirmed: string | null;
}

/** What a look after an interruption found, or made. */
export type Settled =
  | { readonly state: "applied" }
  /**
   * Every file is as it was before, but those `left`: somebody changed them since, and what the edit wrote may
   * be part of them. `taken_back`: what had been written already.
   */
  | {
      readonly state: "untouched";
      readonly taken_back: readonly string[];
      readonly left: readonly string[];
    }
  /** `fault` says of each file how it stands. */
  | { readonly state: "torn"; readonly fault: string };

/** Puts back what edits found. `before` of a step is what must be there now; `folders` they had made. */
export type Restoration = Pick<EditRecord, "steps" | "folders">;
