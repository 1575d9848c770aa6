import { z } from "zod";
import { type Classified, classify } from "../execution/execution.ts";

export type { Classified } from "../execution/execution.ts";

/** What one line of a file of commands came to. */
export type ClassifiedLine =
  | { readonly kind: "classified"; readonly id: string | number; readonly classified: Classified }
  | { readonly kind: "fault"; readonly line: number; readonly fault: string };

const Row = z.object({ id: z.union([z.string(), z.number()]), command: z.string() });
const SHAPE = '{"id": "…", "command": "…"}';

/** `mainstay classify`: what the policy says of a command in a workspace. Runs nothing, needs no server. */
export const classifyCommand = (command: string, workspace: string): Classified =>
  classify(command, { root: workspace });

/**
 * One answer a line of JSON, in their order; a line that is none is a fault of its own, not the end.
 * Empty lines are passed over.
 */
export async function* classifyLines(
  lines: AsyncIterable<string>,
  workspace: string,
): AsyncGenerator<ClassifiedLine> {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    const row = line === 1 ? text.replace(/^\u{feff}/u, "") : text;
    if (row.trim() !== "") yield classifyLine(row, line, workspace);
  }
}

function classifyLine(text: string, line: number, workspace: string): ClassifiedLine {
  const row = Row.safeParse(parsed(text));
  if (!row.success) return { kind: "fault", line, fault: `it is not JSON like ${SHAPE}` };
  const { id, command } = row.data;
  return { kind: "classified", id, classified: classifyCommand(command, workspace) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
