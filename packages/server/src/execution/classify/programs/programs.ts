import { lstatSync } from "node:fs";
import { certainFolder } from "../folders.ts";
import type { Scope, Walk } from "../scope.ts";
import { isPlainName } from "../variables.ts";
import type { Field } from "../words.ts";
import { awkDoubt } from "./awk.ts";
import { deedOf } from "./deeds.ts";
import { findDoubt } from "./find.ts";
import { gitDoubt } from "./git.ts";
import { NEEDS_NETWORK } from "./network-needs.ts";
import { type Allowed, doubtOf, type PathDoubt } from "./options.ts";
import { PRINTERS, readers, VERSION_FLAGS } from "./readers.ts";
import { sedDoubt } from "./sed.ts";
import { small } from "./small.ts";

export interface Situation {
  readonly scope: Scope;
  readonly walk: Walk;
  readonly pathDoubt: PathDoubt;
}

/** Builtins that change the shell for what comes after them: words alone do not say what they do. */
const STATEFUL: ReadonlySet<string> = new Set([
  ...["alias", "unalias", "export", "declare", "typeset", "local", "readonly", "set", "unset"],
  ...["shopt", "source", ".", "eval", "exec", "trap", "hash", "enable", "read", "mapfile"],
  ...[
    "readarray",
    "umask",
    "ulimit",
    "cd",
    "pushd",
    "popd",
    "let",
    "getopts",
    "builtin",
    "command",
  ],
]);
export const isStateful = (name: string): boolean => STATEFUL.has(name);

/** Why a program with these arguments is not known to only read; null when it is. */
export function doubtOfProgram(
  name: string,
  args: readonly Field[],
  situation: Situation,
): string | null {
  const { pathDoubt } = situation;
  if (PRINTERS.has(name)) return null;
  const [only] = args;
  const is_version = args.length === 1 && only !== undefined && !only.unknown && !only.glob;
  if (is_version && VERSION_FLAGS[name]?.includes(only.text) === true)
    return versionDoubt(name, situation);
  if (name === "awk" || name === "mawk" || name === "gawk") return awkDoubt(args, pathDoubt);
  if (name === "sed") return sedDoubt(args, pathDoubt);
  if (name === "find") return findDoubt(args, pathDoubt);
  if (name === "git") return gitDoubt(args, situation);
  if (name === "cd") return cdDoubt(args, pathDoubt);
  if (name === "read") return readDoubt(args);
  if (["exit", "return", "break", "continue"].includes(name))
    return args.every(({ text }) => /^\d+$/.test(text)) ? null : `${name} with more than a number`;
  const judge = Object.hasOwn(small, name) ? small[name] : undefined;
  if (judge !== undefined) return judge(args, pathDoubt);
  const allowed = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (allowed === undefined) return deedDoubt(name, args, situation);
  const ways = Array.isArray(allowed) ? allowed : [allowed];
  const doubts = ways.map((way: Allowed) => doubtOf(name, args, way, pathDoubt));
  return doubts.includes(null) ? null : (doubts[0] ?? null);
}

function deedDoubt(name: string, args: readonly Field[], { scope, walk }: Situation): string {
  const words = args.map(({ text }) => text);
  const [program = ""] = words.filter((word) => !word.startsWith("-"));
  const is_installed = [walk.root, ...scope.folders.paths].some((folder) =>
    isThere(`${folder}/node_modules/.bin/${program.replace(/(?<=.)@.*$/, "")}`),
  );
  if ((name === "npx" || name === "bunx") && program !== "" && !is_installed)
    return `${name} ${NEEDS_NETWORK}`;
  return deedOf(name, words);
}

function cdDoubt(args: readonly Field[], pathDoubt: PathDoubt): string | null {
  const [target] = args;
  if (target === undefined) return "cd leaves the workspace for a home folder";
  if (args.length > 1 || target.glob || target.text.startsWith("-") || target.text === "")
    return "cd to a place that only running it tells";
  return pathDoubt(target);
}

/** Names in lower case alone: a subscript is evaluated, even in quotes. */
function readDoubt(args: readonly Field[]): string | null {
  const ok = args.every(({ text, literal }) => literal && (text === "-r" || isPlainName(text)));
  return ok ? null : "read may evaluate the name of its variable";
}

/** Files by which a workspace chooses which program a name stands for. */
const CHOOSERS: Readonly<Record<string, readonly string[]>> = {
  rustc: ["rust-toolchain", "rust-toolchain.toml"],
  cargo: ["rust-toolchain", "rust-toolchain.toml"],
  go: ["go.mod", "go.work"],
  npm: [".npmrc"],
};

function versionDoubt(name: string, { scope, walk }: Situation): string | null {
  const files = CHOOSERS[name] ?? [];
  // They are looked for from where the program is called up to the root.
  if (files.length > 0 && certainFolder(scope.folders) !== walk.root)
    return `files of its folder may say which ${name} runs`;
  const chooser = files.find((file) => isThere(`${walk.root}/${file}`));
  return chooser === undefined ? null : `${chooser} says which ${name} runs`;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
