import { z } from "zod";

/** A file as it stood: what it holds, how long it is, its permission bits. */
export const FileState = z.object({
  /** Null where it was too large, or not readable by the workspace's owner; of a link, its target's text. */
  sha256: z.string().nullable(),
  /** Null where only its hash was noted: by an edit. */
  size_bytes: z.int().nullable(),
  mode: z.int().nullable(),
});
export type FileState = z.infer<typeof FileState>;

export const FileChange = z.object({
  /** Relative to the workspace. */
  path: z.string(),
  kind: z.enum(["file", "link", "folder"]),
  /** Null: it was not there. */
  before: FileState.nullable(),
  /** Null: it is gone. */
  after: FileState.nullable(),
});
export type FileChange = z.infer<typeof FileChange>;

export const CHANGES_LIMIT = 200;
export const NOT_ENTERED_LIMIT = 16;

/** What was different in a workspace when a command ended from when it began. */
export const Changes = z.object({
  /** By path; at most 200. */
  files: z.array(FileChange).max(CHANGES_LIMIT),
  /** Changes that are not listed. */
  more: z.int(),
  /** Why the comparison does not cover all of the workspace; null where it does. */
  incomplete: z.string().nullable(),
  /** Folders of tools, compared by what lies right in them: deeper changes do not show. At most 16. */
  not_entered: z.array(z.string()).max(NOT_ENTERED_LIMIT).default([]),
  /**
   * Others worked in the workspace meanwhile, or may have: some of it may be their doing. Always so
   * of a command that went on in the background, or through a restart of the server.
   */
  overlapped: z.boolean(),
});
export type Changes = z.infer<typeof Changes>;

/** One thing that a turn did to its workspace, and what it changed there. */
export const ChangeSource = z.object({
  /** Null of a file that a person took as its answer shows it. */
  step: z.int().nullable(),
  call_id: z.string().nullable(),
  by: z.enum(["edit", "command"]),
  /** The file's path, or the command. */
  what: z.string(),
  changes: Changes.nullable(),
});
export type ChangeSource = z.infer<typeof ChangeSource>;

/** What a turn changed: each file from how it stood before the turn to how the turn left it. */
export const TurnChanges = z.object({
  /** By path; what it made and took away again is not among them. */
  files: z.array(FileChange),
  /** Changes of single commands that were too many to be listed. */
  more: z.int(),
  /** Folders that its commands were seen around, and that were not looked into. */
  not_entered: z.array(z.string()),
  /** What is not known, a sentence each. */
  gaps: z.array(z.string()),
  sources: z.array(ChangeSource),
});
export type TurnChanges = z.infer<typeof TurnChanges>;
