import type { ParsedScript } from "unbash";
import type { Expander } from "./expansions.ts";
import { apart, doubt, type Scope, type Walk } from "./scope.ts";
import { givenVariable } from "./variables.ts";
import { fieldOf } from "./words.ts";

/** What is doubtful about one command, for it to tell in one go. */
export interface Doubt {
  readonly reason: string;
  readonly part: string;
}

/** @param doubts collects them for one command; without it they are found at once */
export function expanderOf(scope: Scope, walk: Walk, doubts?: Doubt[]): Expander {
  const tell = (reason: string, part: string) => {
    if (doubts === undefined) doubt(reason, part, scope, walk);
    else doubts.push({ reason, part });
  };
  const expander: Expander = {
    variable: (name) => scope.variables.get(name) ?? givenVariable(name, scope),
    doubt: tell,
    field: (word) => fieldOf(word, expander),
    nested(script, written, kind) {
      const is_told = kind === "process" || !isValue(script);
      const nested = scope.nested || is_told;
      const inner: Scope = { ...apart(scope), stdin: null, nested, raced: true };
      const { output } = walk.into.parsed(script, written, inner, walk);
      if (is_told)
        tell(
          kind === "process" ? "a process substitution" : "it runs a command inside of a word",
          written,
        );
      const text = (output.text ?? "").replace(/\n+$/, "");
      return { text, unknown: true, glob: false, network: output.network };
    },
  };
  return expander;
}

/** Programs that only compute a short value: nobody needs to look for what else they would do. */
const VALUE_PROGRAMS = new Set([
  "date",
  "pwd",
  "nproc",
  "basename",
  "dirname",
  "seq",
  "wc",
  "expr",
]);

function isValue({ commands, errors }: ParsedScript): boolean {
  const [statement] = commands;
  const command = statement?.command;
  return (
    errors === undefined &&
    commands.length === 1 &&
    statement?.background !== true &&
    command?.type === "Command" &&
    VALUE_PROGRAMS.has(command.name?.value ?? "")
  );
}
