import { z } from "zod";
import { type CallEdits, prepareEdit, recoverEdit } from "./edit-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const Input = z.strictObject({
  patch: z.string().describe("unified diff: ---, +++ and @@ with three lines of context"),
});

export function applyPatchTool({ edits }: { edits: CallEdits }): Tool<z.infer<typeof Input>> {
  return {
    name: "apply_patch",
    description: "Change several text files at once, all or none: also create, delete and rename.",
    input: Input,
    describe: ({ patch }) => `patch ${oneLine(firstNameIn(patch))}`,
    prepare: ({ patch }, scene) => prepareEdit(edits, { kind: "patch", patch }, scene),
    recover: (effect) => recoverEdit(edits, effect),
  };
}

const firstNameIn = (patch: string): string =>
  /^\+\+\+ (?:b\/)?(?!\/dev\/null)(.+)$/m.exec(patch)?.[1] ?? "files";
