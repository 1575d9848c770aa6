import type { Call } from "./call.ts";
import { belowRoot, reachOf } from "./operands.ts";
import type { Scope, Walk } from "./scope.ts";
import { filesOfScript, listedScript } from "./script-lists.ts";
import type { Field } from "./words.ts";

const INTERPRETERS =
  /^(?:sh|bash|dash|zsh|ksh|ash|python[\d.]*|node|ruby|perl|php|lua|deno|bun|tsx|Rscript|source|\.)$/;
const SHELLS = /^(?:sh|bash|dash|zsh|ksh|ash|source|\.)$/;
/** Options that take no value and come before the file; `-e` is a shell's alone. */
const BEFORE_FILE = /^-(?:u|B|I|-)$/;
const BEFORE_SHELL_FILE = /^-(?:[eux]+|-)$/;

/**
 * Workspace files that this command runs or sources, or that say what it runs, relative to the
 * workspace.
 */
export function filesRun(call: Call, name: string, scope: Scope, walk: Walk): string[] {
  const [named, ...args] = call.words;
  const script = listedScript(name, args);
  const listed = script === null ? [] : filesOfScript(script, scope, walk);
  return [...listed, ...programRun(named, name, args, scope, walk)];
}

function programRun(
  named: Field | undefined,
  name: string,
  args: readonly Field[],
  scope: Scope,
  walk: Walk,
): string[] {
  const before = SHELLS.test(name) ? BEFORE_SHELL_FILE : BEFORE_FILE;
  const operand = INTERPRETERS.test(name)
    ? args.find(({ text }) => !before.test(text) && !(name === "bun" && text === "run"))
    : named?.text.includes("/") === true
      ? named
      : undefined;
  // Without a dot it is a script of package.json.
  if (name === "bun" && operand?.text.includes(".") === false) return [];
  if (operand === undefined || operand.unknown || operand.glob || operand.text.startsWith("-"))
    return [];
  return scope.folders.paths.flatMap((folder) => {
    const reach = reachOf(operand.text, folder, walk.root);
    const path = reach.kind === "inside" ? belowRoot(reach.path, walk.root) : null;
    return path === null || path === "" ? [] : [path];
  });
}
