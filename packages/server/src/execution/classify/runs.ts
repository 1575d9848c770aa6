import type { Call } from "./call.ts";
import { belowRoot, reachOf } from "./operands.ts";
import type { Scope, Walk } from "./scope.ts";

const INTERPRETERS =
  /^(?:sh|bash|dash|zsh|ksh|ash|python[\d.]*|node|ruby|perl|php|lua|deno|bun|tsx|Rscript|source|\.)$/;
/** Options that take no value and come before the file. */
const BEFORE_FILE = /^-(?:[eux]+|u|B|I|--)$/;

/** Workspace files that this command runs or sources, relative to the workspace. */
export function filesRun(call: Call, name: string, scope: Scope, walk: Walk): string[] {
  const [named, ...args] = call.words;
  const operand = INTERPRETERS.test(name)
    ? args.find(({ text }) => !BEFORE_FILE.test(text))
    : named?.text.includes("/") === true
      ? named
      : undefined;
  if (operand === undefined || operand.unknown || operand.glob || operand.text.startsWith("-"))
    return [];
  return scope.folders.paths.flatMap((folder) => {
    const reach = reachOf(operand.text, folder, walk.root);
    const path = reach.kind === "inside" ? belowRoot(reach.path, walk.root) : null;
    return path === null || path === "" ? [] : [path];
  });
}
