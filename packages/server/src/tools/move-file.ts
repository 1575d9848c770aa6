import { z } from "zod";
import { type CallEdits, prepareEdit, recoverEdit } from "./edit-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const Input = z.strictObject({
  path: z.string(),
  to: z.string().describe("its new path, where no file is yet"),
});

export function moveFileTool({ edits }: { edits: CallEdits }): Tool<z.infer<typeof Input>> {
  return {
    name: "move_file",
    description: "Move or rename one file.",
    input: Input,
    describe: ({ path, to }) => `move ${oneLine(path)} to ${oneLine(to)}`,
    prepare: ({ path, to }, scene) => prepareEdit(edits, { kind: "move", path, to }, scene),
    recover: (effect) => recoverEdit(edits, effect),
  };
}
