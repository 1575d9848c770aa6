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
    describe: ({ patch }) => `patch ${oneLine(someNames(patch))}`,
    prepare: ({ patch }, scene) => prepareEdit(edits, { kind: "patch", patch }, scene),
    recover: (effect) => recoverEdit(edits, effect),
  };
}

/** `a.ts and 2 more`: as the patch has them, for who has not read it yet. */
function someNames(patch: string): string {
  const [first, ...more] = new Set(namesIn(patch));
  if (first === undefined) return "files";
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

const HEADERS = /^--- (?:a\/)?(.+)\r?\n\+\+\+ (?:b\/)?(.+)$|^rename to (.+)$/gm;

const namesIn = (patch: string): string[] =>
  [...patch.matchAll(HEADERS)].flatMap(([, before, after, renamed]) => {
    const name = renamed ?? (after === "/dev/null" ? before : after);
    return name === undefined ? [] : [name];
  });
