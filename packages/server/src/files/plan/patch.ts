import { encode } from "../encoding.ts";
import { FileRefused } from "../refused.ts";
import type { Draft, Drafted } from "./draft.ts";
import { applyHunks } from "./hunks.ts";
import { noMatch, placesOf } from "./no-match.ts";
import { deleteFile, moveFile } from "./file-changes.ts";
import { type FilePatch, type Hunk, malformed, patchFiles } from "./patch-files.ts";
import { changeText } from "./text-changes.ts";

/** Applies a unified diff of one or many files. @throws FileRefused, which names hunk and line */
export function applyPatch(draft: Draft, patch: string): void {
  for (const file of patchFiles(patch)) applyToFile(draft, file);
}

function applyToFile(draft: Draft, file: FilePatch): void {
  switch (file.kind) {
    case "create":
      create(draft, file);
      break;
    case "delete":
      emptied(draft, file);
      return deleteFile(draft, file.path);
    case "change":
      change(draft, file);
      break;
    case "move":
      moveFile(draft, file.from, file.path);
      change(draft, file);
      break;
    case "copy":
      copy(draft, file.from, file.path);
      change(draft, file);
  }
  if (file.mode !== null) draft.setMode(draft.at(file.path, "write").path, file.mode);
}

function create(draft: Draft, { path, hunks }: FilePatch): void {
  const file = draft.at(path, "write");
  if (file.now !== null) throw existsAlready(path);
  writeNew(draft, file, path, hunks);
}

function writeNew(draft: Draft, file: Drafted, path: string, hunks: readonly Hunk[]): void {
  const text = patched("", path, hunks);
  draft.put(file.path, encode({ encoding: "utf-8", text }, path));
}

/** What only adds lines makes a file, also where its header does not say so. */
function change(draft: Draft, { path, hunks }: FilePatch): void {
  if (hunks.length === 0) return;
  const file = draft.at(path, "write");
  const only_adds = hunks.length === 1 && hunks[0]?.oldLines === 0;
  if (file.now === null && only_adds) return writeNew(draft, file, path, hunks);
  changeText(draft, path, (text) => patched(text, path, hunks));
}

/** A patch that deletes a file has all of its lines: else it would delete more than it shows. */
function emptied(draft: Draft, { path, hunks }: FilePatch): void {
  changeText(draft, path, (text) => {
    const rest = patched(text, path, hunks);
    if (rest === "") return rest;
    throw new FileRefused(
      "conflict",
      `the patch deletes ${JSON.stringify(path)}, which has lines that the patch does not; ` +
        "read it again, or use delete_file",
    );
  });
}

function copy(draft: Draft, from: string, to: string): void {
  const source = draft.at(from, "write");
  if (source.now === null)
    throw malformed(`it copies ${JSON.stringify(from)}, which does not exist`);
  const target = draft.at(to, "write");
  if (target.now !== null) throw existsAlready(to);
  draft.put(target.path, source.now.bytes);
  draft.setMode(target.path, source.now.mode);
}

function patched(text: string, path: string, hunks: readonly Hunk[]): string {
  const result = applyHunks(text, hunks);
  if (result.kind === "patched") return result.text;
  const name = JSON.stringify(path);
  const hunk = `hunk ${result.hunk + 1}`;
  const which = `${hunk} of the patch for ${name}`;
  switch (result.kind) {
    case "no_match":
      throw new FileRefused("no_match", noMatch(hunk, name, text, result.sought));
    case "ambiguous":
      throw new FileRefused(
        "ambiguous",
        `${which} fits at lines ${placesOf(result.lines)}, and its header names none of them; ` +
          "give it more lines of context",
      );
    case "nowhere":
      throw new FileRefused("ambiguous", `${which} has no line of the file; give it some context`);
    case "overlaps":
      throw malformed(`${which} changes lines that another hunk changes`);
  }
}

const existsAlready = (path: string) =>
  new FileRefused(
    "conflict",
    `the patch creates ${JSON.stringify(path)}, which exists already; make it a change of that file`,
  );
