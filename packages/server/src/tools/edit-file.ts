import { z } from "zod";
import type { Files } from "../files/files.ts";
import { prepareEdit, recoverEdit } from "./edit-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const Input = z.strictObject({
  path: z.string().describe("relative to the workspace"),
  old_text: z.string().describe("exactly as in the file, with enough lines to be unique"),
  new_text: z.string(),
  replace_all: z.boolean().optional().describe("replace every occurrence"),
});

export function editFileTool({ files }: { files: Files }): Tool<z.infer<typeof Input>> {
  return {
    name: "edit_file",
    description: "Replace one passage of a text file. Read the file first.",
    input: Input,
    describe: ({ path }) => `edit ${oneLine(path)}`,
    prepare: ({ path, replace_all = false, ...texts }, scene) =>
      prepareEdit(files, path, { kind: "replace", ...texts, replace_all }, scene),
    recover: (effect, scene) => recoverEdit(files, effect, scene),
  };
}
