import { z } from "zod";
import type { Change } from "../files/files.ts";
import { type CallEdits, prepareEdit, recoverEdit } from "./edit-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const Shape = z.strictObject({
  path: z.string().describe("relative to the workspace"),
  old_text: z
    .string()
    .optional()
    .describe("exactly as in the file, with enough lines to be unique"),
  new_text: z.string(),
  replace_all: z.boolean().optional().describe("replace every occurrence"),
  first_line: z.int().min(1).optional().describe("instead of old_text: whole lines, from 1"),
  last_line: z.int().min(1).optional(),
  sha256: z.string().optional().describe("with lines: of the file, as read_file told it"),
});

const Input = Shape.refine((input) => changeOf(input) !== null, {
  error: "give either old_text, or first_line, last_line and sha256",
});
type Input = z.infer<typeof Shape>;

export function editFileTool({ edits }: { edits: CallEdits }): Tool<Input> {
  return {
    name: "edit_file",
    description: "Replace one passage of a text file: old_text, or lines. Read the file first.",
    input: Input,
    describe: ({ path }) => `edit ${oneLine(path)}`,
    prepare: (input, scene) => prepareEdit(edits, changeOf(input)!, scene),
    recover: (effect) => recoverEdit(edits, effect),
  };
}

/** Null for what is neither a passage nor lines, or both. */
function changeOf(input: Input): Change | null {
  const { path, new_text, old_text, replace_all, first_line, last_line, sha256 } = input;
  const by_lines = [first_line, last_line, sha256].filter((part) => part !== undefined).length;
  if (old_text !== undefined) {
    if (by_lines > 0) return null;
    return { kind: "replace", path, old_text, new_text, replace_all: replace_all ?? false };
  }
  if (first_line === undefined || last_line === undefined || sha256 === undefined) return null;
  if (replace_all) return null;
  return { kind: "lines", path, first_line, last_line, new_text, sha256 };
}
