import type { FileStep } from "../files/files.ts";
import type { OfferedFile } from "./offered-files.ts";

/**
 * Whether what an answer shows is meant as the whole of a file. What is not named outright may be a part
 * of one that is there, or what the turn has written already: `edited` are the paths that its calls did.
 */
export function isMeant(
  { named }: OfferedFile,
  steps: readonly FileStep[],
  edited: ReadonlySet<string>,
): boolean {
  if (named === "outright") return true;
  if (steps.some(({ path }) => edited.has(path))) return false;
  return named === "as whole" || steps.every(({ before }) => before === null);
}

/** Whether it is told why it cannot be taken: a diff of what the turn did itself applies no more. */
export function isToldInVain({ change, named }: OfferedFile, edited: ReadonlySet<string>): boolean {
  if (change.kind === "patch") return !headerPaths(change.patch).some((path) => edited.has(path));
  return named === "outright" || (named === "as whole" && !edited.has(change.path));
}

const headerPaths = (patch: string): string[] =>
  [...patch.matchAll(/^(?:---|\+\+\+) (?:[ab]\/)?(\S+)/gm)].map(([, path = ""]) => path);
