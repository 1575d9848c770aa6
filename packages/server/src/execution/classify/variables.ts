import type { Value } from "./expansions.ts";
import { certainFolder } from "./folders.ts";
import { HOME } from "./operands.ts";
import type { Scope } from "./scope.ts";

export const UNKNOWN_VALUE: Value = { text: "", unknown: true, glob: false, network: false };

/** In lower case, so that it is none of those that other programs look at. */
export const isPlainName = (name: string): boolean =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !/^(npm_|_$)|proxy$/.test(name);

/** Their values tell nothing of anybody. */
const GIVEN: ReadonlySet<string> = new Set([
  ...["PATH", "SHELL", "LANG", "TERM", "OLDPWD", "TMPDIR", "RANDOM", "SECONDS", "LINENO"],
  ...["HOSTNAME", "UID", "EUID"],
]);

/** What every command finds in its environment; undefined for what it does not. */
export function givenVariable(name: string, { folders }: Scope): Value | undefined {
  const known = (text: string): Value => ({ text, unknown: false, glob: false, network: false });
  if (name === "HOME") return known(HOME);
  if (name === "IFS") return known(" \t\n");
  if (name === "USER" || name === "LOGNAME") return known("agent");
  if (name === "PWD")
    return { ...known(folders.paths[0] ?? ""), unknown: certainFolder(folders) === null };
  return GIVEN.has(name) ? UNKNOWN_VALUE : undefined;
}
