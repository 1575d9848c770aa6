import { z } from "zod";
import { type CallEdits, prepareEdit, recoverEdit } from "./edit-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const Input = z.strictObject({
  path: z.string().describe("relative to the workspace"),
  content: z.string().describe("the whole file"),
});

export function writeFileTool({ edits }: { edits: CallEdits }): Tool<z.infer<typeof Input>> {
  return {
    name: "write_file",
    description: "Create a text file, or replace all of it. To change a part use edit_file.",
    input: Input,
    describe: ({ path }) => `write ${oneLine(path)}`,
    prepare: ({ path, content }, scene) =>
      prepareEdit(edits, { kind: "write", path, content }, scene),
    recover: (effect) => recoverEdit(edits, effect),
  };
}
