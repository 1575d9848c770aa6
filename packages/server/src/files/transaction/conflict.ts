import { sha256Of } from "../bytes.ts";
import type { FileAs } from "../edit.ts";
import { bothSides } from "../plan/both-sides.ts";
import { FileRefused } from "../refused.ts";

/** What somebody else did to a file between the plan of an edit and its switch. */
const conflict = (path: string, what: string) =>
  new FileRefused("conflict", `${JSON.stringify(path)} ${what}`);

export const appeared = (path: string) =>
  conflict(path, "was created meanwhile by somebody else; read it first");

export const gone = (path: string) =>
  conflict(path, "was deleted or renamed meanwhile by somebody else");

export const noFile = (path: string) => conflict(path, "is no regular file any more");

export const replaced = (path: string) =>
  conflict(path, "was replaced meanwhile by somebody else; read it again");

export const movedFolder = (path: string) =>
  conflict(path, "is another folder meanwhile: somebody else moved or replaced it");

export const chmodded = (path: string, mode: number) =>
  conflict(
    path,
    `has other permissions meanwhile (${(mode & 0o777).toString(8).padStart(4, "0")})`,
  );

/** Both sides: the hashes in the first line, and what the text has become below. */
export function changed(
  path: string,
  before: FileAs,
  expected: Uint8Array | null,
  found: Buffer,
): FileRefused {
  const hashes = `expected ${before.sha256}, found ${sha256Of(found)}`;
  const sides = expected === null ? null : bothSides(path, expected, found);
  const shown = sides === null ? "" : `\nWhat was expected, and what is there now:\n${sides}`;
  return conflict(path, `was changed meanwhile by somebody else: ${hashes}; read it again${shown}`);
}
