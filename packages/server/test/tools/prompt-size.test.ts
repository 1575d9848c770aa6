import { expect, test } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import { applyPatchTool } from "../../src/tools/apply-patch.ts";
import { commandStatusTool, commandStopTool } from "../../src/tools/command-status.ts";
import { deleteFileTool } from "../../src/tools/delete-file.ts";
import { editFileTool } from "../../src/tools/edit-file.ts";
import { listFilesTool } from "../../src/tools/list-files.ts";
import { moveFileTool } from "../../src/tools/move-file.ts";
import { readFileTool } from "../../src/tools/read-file.ts";
import { searchTool } from "../../src/tools/search.ts";
import { shellTool } from "../../src/tools/shell.ts";
import { createToolbox, type Tool } from "../../src/tools/tools.ts";
import { writeFileTool } from "../../src/tools/write-file.ts";
import { systemMessage } from "../../src/turn/prompt.ts";

/** Of English and JSON; measured tokenizers take fewer tokens. */
const CHARS_A_TOKEN = 4;

test("rules and tools are told in 2,000 tokens", () => {
  const unused = {} as never;
  const parts = { files: unused, edits: unused, execution: unused, limits };
  const tools = [
    ...[readFileTool(parts), listFilesTool(parts), searchTool(parts), shellTool(parts)],
    ...[editFileTool(parts), writeFileTool(parts), moveFileTool(parts), deleteFileTool(parts)],
    ...[applyPatchTool(parts), commandStatusTool(unused), commandStopTool(unused)],
  ] as unknown as Tool[];
  const { specs } = createToolbox(tools);
  expect(specs).toHaveLength(11);
  const { text } = systemMessage("/home/ann/project");
  expect((JSON.stringify(specs).length + text.length) / CHARS_A_TOKEN).toBeLessThan(2_000);
});
