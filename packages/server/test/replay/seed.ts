import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Dialect } from "./foreign.ts";
import { mentionedFiles } from "./mentions.ts";
import { callsOf, type RecordedCall, type RecordedResult, type Recording } from "./recording.ts";

/** The notes that the recorded agent's tool put under a part of a file. */
const READ_NOTE =
  /\n\n(?:\[[^\n]*Use offset=\d+ to continue\]|\.\.\. \([^\n]*to continue reading\))$/;

/** What a recording says of one file, in its order. */
type Touch =
  | { readonly kind: "read"; readonly first_line: number; readonly lines: readonly string[] }
  | { readonly kind: "edit"; readonly old_text: string; readonly new_text: string }
  | { readonly kind: "write"; readonly content: string };

/**
 * The files that a recording must have begun with, as far as it tells, so that its calls mean
 * something: what was read before it was changed, and every passage that was edited later on.
 */
export function seedOf(recording: Recording, dialect: Dialect): Map<string, string> {
  const seeds = new Map<string, string>();
  for (const [path, touches] of touchesOf(recording, dialect)) {
    const seed = seedFrom(touches);
    if (seed !== null) seeds.set(path, seed);
  }
  for (const [path, text] of mentionedFiles(recording, dialect)) {
    if (!seeds.has(path)) seeds.set(path, text);
  }
  return seeds;
}

export async function plant(root: string, seeds: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of seeds) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

function touchesOf(recording: Recording, dialect: Dialect): Map<string, Touch[]> {
  const files = new Map<string, Touch[]>();
  for (const call of callsOf(recording)) {
    const touch = touchOf(call, recording.results.get(call.id));
    if (touch === null || call.name === "bash") continue;
    const path = dialect.path(call.arguments.path);
    files.set(path, [...(files.get(path) ?? []), touch]);
  }
  return files;
}

/** Null for what failed and for what tells nothing of a file. */
function touchOf(call: RecordedCall, result: RecordedResult | undefined): Touch | null {
  if (result?.failed === true) return null;
  switch (call.name) {
    case "bash":
      return null;
    case "read": {
      if (result === undefined) return null;
      const lines = result.text.replace(READ_NOTE, "").split("\n");
      return { kind: "read", first_line: call.arguments.offset ?? 1, lines };
    }
    case "edit": {
      const { oldText: old_text, newText: new_text } = call.arguments;
      return new_text === undefined ? null : { kind: "edit", old_text, new_text };
    }
    case "write":
      return { kind: "write", content: call.arguments.content };
  }
}

/** Null where the recording makes the file itself. */
function seedFrom(touches: readonly Touch[]): string | null {
  if (touches[0]?.kind === "write") return null;
  const seed = withPassages(readBeforeChange(touches), touches);
  return seed + "\n".repeat(linesMissing(seed, touches));
}

/** The lines that were seen before the first change, each at its place; unseen ones are empty. */
function readBeforeChange(touches: readonly Touch[]): string {
  const lines: string[] = [];
  for (const touch of touches) {
    if (touch.kind !== "read") break;
    touch.lines.forEach((line, i) => (lines[touch.first_line - 1 + i] ??= line));
  }
  return Array.from(lines, (line) => line ?? "").join("\n");
}

/** With every passage at its end that an edit wants and that would not be there by then. */
function withPassages(read: string, touches: readonly Touch[]): string {
  let seed = read;
  for (const [i, touch] of touches.entries()) {
    // What was written once is the recording's own from there on.
    if (touch.kind === "write") break;
    if (touch.kind === "read") continue;
    const text = touches.slice(0, i).reduce(afterTouch, seed);
    if (!text.includes(touch.old_text)) seed += `\n${touch.old_text}\n`;
  }
  return seed;
}

function afterTouch(text: string, touch: Touch): string {
  if (touch.kind !== "edit" || text.split(touch.old_text).length !== 2) return text;
  return text.replace(touch.old_text, () => touch.new_text);
}

function linesMissing(seed: string, touches: readonly Touch[]): number {
  const wanted = touches.map((touch) => (touch.kind === "read" ? touch.first_line : 0));
  return Math.max(0, Math.max(...wanted) - seed.split("\n").length + 1);
}
