import { z } from "zod";
import type { Files } from "../files/files.ts";
import { limits } from "../kernel/limits.ts";
import { prepareLook, recoverLook } from "./look-call.ts";
import { oneLine } from "./one-line.ts";
import type { Tool } from "./tool.ts";

const DEFAULT_LINES = 2_000;
/** Kept free of the file's text for the line that says what was shown. */
const NOTE_CHARS = 300;

const Input = z.strictObject({
  path: z.string().describe("relative to the workspace"),
  offset: z.int().min(1).optional().describe("first line, from 1"),
  limit: z.int().min(1).optional().describe(`lines, default ${DEFAULT_LINES}`),
});

/** Text as it is in the file, then a note in brackets on what was shown. */
export function readFileTool({ files }: { files: Files }): Tool<z.infer<typeof Input>> {
  return {
    name: "read_file",
    description: "Read a text file.",
    input: Input,
    describe: ({ path }) => `read ${oneLine(path)}`,
    prepare: ({ path, offset, limit }, scene) =>
      Promise.resolve(
        prepareLook(async () =>
          shown(
            await files.read(scene.workspace, path, {
              offset_lines: offset ?? 1,
              limit_lines: limit ?? DEFAULT_LINES,
              limit_bytes: limits.tool_result_chars - NOTE_CHARS,
            }),
          ),
        ),
      ),
    recover: recoverLook,
  };
}

type TextWindow = Awaited<ReturnType<Files["read"]>>;

function shown(window: TextWindow): string {
  const { text, first_line, last_line, total_lines, line_cut } = window;
  if (text === "") return "(the file is empty)";
  const total = total_lines ?? "more than can be read here";
  if (line_cut) {
    return `${text}\n[line ${first_line} of ${total} is longer than one read and was cut here; use the shell for the rest]`;
  }
  const next = last_line === total_lines ? "" : `; go on with offset ${last_line + 1}`;
  const lines = `lines ${first_line} to ${last_line} of ${total}`;
  return `${text.replace(/\r?\n$/, "")}\n[${lines}${hashOf(window)}${next}]`;
}

const HASH_DIGITS = 12;

/** By which an edit of lines knows the file that was read. */
const hashOf = ({ sha256 }: TextWindow): string =>
  sha256 === null ? "" : `; sha256 ${sha256.slice(0, HASH_DIGITS)}`;
