import { z } from "zod";
import { type CallEdits, prepareEdit, recoverEdit } from "./edit-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const Input = z.strictObject({ path: z.string() });

export function deleteFileTool({ edits }: { edits: CallEdits }): Tool<z.infer<typeof Input>> {
  return {
    name: "delete_file",
    description: "Delete one file. The person can undo it, unlike a deletion by the shell.",
    input: Input,
    describe: ({ path }) => `delete ${oneLine(path)}`,
    prepare: ({ path }, scene) => prepareEdit(edits, { kind: "delete", path }, scene),
    recover: (effect) => recoverEdit(edits, effect),
  };
}
