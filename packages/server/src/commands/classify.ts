import { z } from "zod";
import { type Classified, classify } from "../execution/execution.ts";

export type { Classified } from "../execution/execution.ts";

/** What one line of a file of commands came to. */
export type ClassifiedLine =
  | { readonly kind: "classified"; readonly id: string | number; readonly classified: Classified }
  | { readonly kind: "fault"; readonly line: number; readonly fault: string };

/** A number beyond JavaScript's integers would come back as another. */
const Id = z.union([z.string(), z.int()]);
const Row = z.object({ id: z.unknown(), command: z.string() });
const faults = {
  text: "it is not UTF-8",
  row: 'it is not JSON like {"id": "…", "command": "…"}',
  id: "its id is no text, and no whole number that JSON keeps exactly: write it as a text",
};

const LINE_FEED = 0x0a;

/** `mainstay classify`: what the policy says of a command in a workspace. Runs nothing, needs no server. */
export const classifyCommand = (command: string, workspace: string): Classified =>
  classify(command, { root: workspace });

/**
 * One answer a line of JSON, in their order; a line that is none is a fault of its own, not the end.
 * Empty lines are passed over. Of a key that is there twice the last counts, as JSON has it.
 */
export async function* classifyLines(
  chunks: AsyncIterable<Buffer | string>,
  workspace: string,
): AsyncGenerator<ClassifiedLine> {
  let line = 0;
  for await (const bytes of linesOf(chunks)) {
    line += 1;
    const found = classifyLine(bytes, line, workspace);
    if (found !== null) yield found;
  }
}

/** At line feeds only: what else ends a line of Unicode may stand in JSON as it is. */
async function* linesOf(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    let start = 0;
    for (let end = 0; (end = bytes.indexOf(LINE_FEED, start)) !== -1; start = end + 1) {
      yield Buffer.concat([...begun, bytes.subarray(start, end)]);
      begun = [];
    }
    begun.push(bytes.subarray(start));
  }
  yield Buffer.concat(begun);
}

/** Null for an empty line. */
function classifyLine(bytes: Buffer, line: number, workspace: string): ClassifiedLine | null {
  const text = textOf(bytes, line === 1);
  if (text === null) return { kind: "fault", line, fault: faults.text };
  if (text.trim() === "") return null;
  const row = Row.safeParse(parsed(text));
  if (!row.success) return { kind: "fault", line, fault: faults.row };
  const id = Id.safeParse(row.data.id);
  if (!id.success) return { kind: "fault", line, fault: faults.id };
  const classified = classifyCommand(row.data.command, workspace);
  return { kind: "classified", id: id.data, classified };
}

/** Null where it is no text. A file may begin with the mark of its byte order. */
function textOf(bytes: Buffer, is_first: boolean): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: !is_first }).decode(bytes);
  } catch {
    return null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
