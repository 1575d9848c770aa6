import type { ToolSpec } from "../../../src/kernel/model.ts";
import type { Asking } from "../../../src/providers/judge/judge.ts";
import { commandStatusTool } from "../../../src/tools/command-status.ts";
import { deleteFileTool } from "../../../src/tools/delete-file.ts";
import { editFileTool } from "../../../src/tools/edit-file.ts";
import { listFilesTool } from "../../../src/tools/list-files.ts";
import { moveFileTool } from "../../../src/tools/move-file.ts";
import { readFileTool } from "../../../src/tools/read-file.ts";
import { searchTool } from "../../../src/tools/search.ts";
import { shellTool } from "../../../src/tools/shell.ts";
import { createToolbox } from "../../../src/tools/tools.ts";
import { writeFileTool } from "../../../src/tools/write-file.ts";

/** The tools that a turn offers, with their schemas; nobody runs them here. */
const toolbox = createToolbox([
  readFileTool({ files: {} as never }),
  listFilesTool({ files: {} as never }),
  searchTool({ execution: {} as never, files: {} as never }),
  editFileTool({ edits: {} as never }),
  writeFileTool({ edits: {} as never }),
  moveFileTool({ edits: {} as never }),
  deleteFileTool({ edits: {} as never }),
  shellTool({ execution: {} as never, limits: {} as never }),
  commandStatusTool({} as never),
]);

const tools: readonly ToolSpec[] = toolbox.specs;

export const asking = (said: string): Asking => ({
  tools,
  said,
  check(call) {
    const read = toolbox.read(call);
    return read.ok ? null : read.message;
  },
});
