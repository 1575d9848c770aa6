import { z } from "zod";
import { FileState } from "./changes.ts";

/** One file of an edit: how it stood, and what the edit makes of it. */
export const EditedFile = z.object({
  /** Relative to the workspace, links resolved. */
  path: z.string(),
  /** Null: there was none. */
  before: FileState.nullable(),
  /** Null: it is deleted. */
  after: FileState.nullable(),
  /** Where its content comes from, when it was moved; that path is a file of the edit, too. */
  moved_from: z.string().optional(),
});
export type EditedFile = z.infer<typeof EditedFile>;

/** Whether an edit happened: all of it or nothing, but for `torn`. */
const EditState = z.enum([
  /** On record and not yet done, or interrupted: the next look at it decides. */
  "running",
  "applied",
  /** Every file is as it was before it. */
  "untouched",
  /** The disk let neither be: `fault` names each file; taking it back is tried again. */
  "torn",
]);

/** `GET /v1/edits/{id}`. Times are ISO 8601 in UTC. */
export const Edit = z.object({
  id: z.string(),
  person_id: z.string(),
  workspace_id: z.string(),
  /** The turn that did it, or whose answer offered it; null of an undo. */
  turn_id: z.string().nullable(),
  /** Of an undo: of what it takes back. */
  session_id: z.string().nullable(),
  /** Whose doing it was: a tool call, a code block of an answer that a person took, an undo. */
  origin: z.enum(["call", "offer", "undo"]),
  /** What it was for, on one line. */
  intent: z.string(),
  files: z.array(EditedFile),
  state: EditState,
  /** Why it is untouched or torn, or that the disk did not confirm it or its record follows; else null. */
  fault: z.string().nullable(),
  /** Of an undo: the edits that it takes back. */
  undoes: z.array(z.string()),
  /** The undo that took it back; null while it stands. */
  undone_by: z.string().nullable(),
  created_at: z.string(),
  ended_at: z.string().nullable(),
});
export type Edit = z.infer<typeof Edit>;

/** `GET /v1/edits/{id}/diff`. */
export const EditDiff = z.object({
  /** Unified; null where nothing that is kept can be shown. */
  diff: z.string().nullable(),
  /** What the diff does not show, a sentence each. */
  gaps: z.array(z.string()),
});
export type EditDiff = z.infer<typeof EditDiff>;

/** Filters of `GET /v1/edits`. */
export const EditsFilter = z.strictObject({
  turn_id: z.string().max(100).optional(),
  session_id: z.string().max(100).optional(),
  workspace_id: z.string().max(100).optional(),
  /** Only what was applied, was not taken back, and is no undo itself. */
  standing: z.stringbool().optional(),
});
export type EditsFilter = z.infer<typeof EditsFilter>;

/** A file that an answer shows as a code block, and that no tool has written. */
export const Offer = z.object({
  /** From 1, in the order of the answer. */
  number: z.int(),
  path: z.string(),
  /** Of what is there and what would be written: who takes the offer names it. */
  sha256: z.string(),
  /** Against the file as it is now; null where it cannot be taken. */
  diff: z.string().nullable(),
  /** Lines of the diff that are not shown: who takes the offer takes them, too. */
  hidden_lines: z.int(),
  /** Why it cannot be taken; else null. */
  fault: z.string().nullable(),
});
export type Offer = z.infer<typeof Offer>;

/** Body of `POST /v1/turns/{id}/offers/{number}`. */
export const OfferTaken = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
