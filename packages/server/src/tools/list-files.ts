import { z } from "zod";
import type { Files } from "../files/files.ts";
import { limits } from "../kernel/limits.ts";
import { prepareLook, recoverLook } from "./look-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const DEFAULT_DEPTH = 2;
const LIMIT_ENTRIES = 500;
/** Kept free of names for the line that says what was left out. */
const NOTE_CHARS = 200;

const Input = z.strictObject({
  path: z.string().optional().describe('a folder, default "."'),
  depth: z.int().min(1).max(10).optional().describe(`levels, default ${DEFAULT_DEPTH}`),
});

/** One path a line, relative to the listed folder; folders end with "/", links with "@". */
export function listFilesTool({ files }: { files: Files }): Tool<z.infer<typeof Input>> {
  return {
    name: "list_files",
    description: "List files and folders; folders end with /.",
    input: Input,
    describe: ({ path = "." }) => (path === "." ? "list the workspace" : `list ${oneLine(path)}`),
    prepare: ({ path = ".", depth = DEFAULT_DEPTH }, scene) =>
      Promise.resolve(
        prepareLook(async () =>
          shown(await files.list(scene.workspace, path, { depth, limit_entries: LIMIT_ENTRIES })),
        ),
      ),
    recover: recoverLook,
  };
}

type Listing = Awaited<ReturnType<Files["list"]>>;

const MARKS = { file: "", folder: "/", link: "@", other: "" } as const;

function shown({ entries, more, complete }: Listing): string {
  if (entries.length === 0) return "(the folder is empty)";
  const lines: string[] = [];
  let chars = NOTE_CHARS;
  for (const { path, kind } of entries) {
    const line = oneLine(path) + MARKS[kind];
    chars += line.length + 1;
    if (chars > limits.tool_result_chars) break;
    lines.push(line);
  }
  const left_out = more + entries.length - lines.length;
  if (!complete) lines.push(`… at least ${left_out + 1} more; list a folder of it`);
  else if (left_out > 0) lines.push(`… ${left_out} more`);
  return lines.join("\n");
}
