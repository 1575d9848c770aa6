import type { CommandNode, CompoundList, Function as FunctionNode, ParsedScript } from "unbash";
import type { Value } from "./expansions.ts";
import type { Findings } from "./findings.ts";
import type { Folders } from "./folders.ts";

/** What one command prints, or finds on its standard input, as far as the script tells. */
export interface Flow {
  /** Null where only running it tells. */
  readonly text: string | null;
  /** May hold what came over the network. */
  readonly network: boolean;
}
export const UNKNOWN_FLOW: Flow = { text: null, network: false };

/** Where in the script a command stands. Copied, never changed, except for `variables` and `functions`. */
export interface Scope {
  /** Several after a `cd` that may have failed. */
  readonly folders: Folders;
  readonly variables: Map<string, Value>;
  /** Null: nobody feeds it. */
  readonly stdin: Flow | null;
  /** Scripts within scripts. */
  readonly depth: number;
  /** Runs once and for certain, and nothing beside it. */
  readonly certain: boolean;
  /** Other parts of the script run at the same time. */
  readonly raced: boolean;
  /** May run more than once. */
  readonly looped: boolean;
  /** A part of a command that asks already: its words are that command's. */
  readonly nested: boolean;
  /** Only guessed to be a script at all: it is worth a look for the worst. */
  readonly dangers_only: boolean;
  readonly functions: Map<string, FunctionNode>;
  /** Functions under way: another call of one would tell nothing new. */
  readonly calling: ReadonlySet<string>;
}

/** What the walk over one script shares. */
export interface Walk {
  readonly root: string;
  readonly findings: Findings;
  /** Commands that may still be looked at. */
  readonly budget: { commands: number };
  /** Files that the script fetches, absolute. */
  readonly downloads: Set<string>;
  /** The shell itself has opened a connection. */
  connected: boolean;
  readonly into: WayBack;
}

/** The ways back into the walk, for what is nested. */
export interface WayBack {
  script(source: string, scope: Scope, walk: Walk): Outcome;
  parsed(script: ParsedScript, written: string, scope: Scope, walk: Walk): Outcome;
  list(list: CompoundList, scope: Scope, walk: Walk): Outcome;
  command(node: CommandNode, scope: Scope, walk: Walk): Outcome;
}

/** How a command ends, as far as its place matters to the next. */
export interface Outcome {
  /** Where the shell may be when it succeeded, and when it failed. */
  readonly done: Folders;
  readonly failed: Folders;
  readonly output: Flow;
  /** A shell that reads commands from its input. */
  readonly is_shell: boolean;
  /** Sends its input over the network. */
  readonly talks: boolean;
}

export const staying = (scope: Scope, output: Flow = UNKNOWN_FLOW): Outcome => ({
  ...{ done: scope.folders, failed: scope.folders, output, is_shell: false, talks: false },
});

/** A process of its own: what it changes of the shell ends with it. */
export const apart = (scope: Scope): Scope => ({
  ...{ ...scope, certain: false },
  ...{ variables: new Map(scope.variables), functions: new Map(scope.functions) },
});

export const perhaps = (scope: Scope): Scope => ({ ...scope, certain: false });

/** What several commands print, one after another. */
export const joinedFlow = (outputs: readonly Flow[]): Flow => ({
  text: outputs.some(({ text }) => text === null) ? null : outputs.map((one) => one.text).join(""),
  network: outputs.some(({ network }) => network),
});

/** Asks for something that no literal command says. */
export function doubt(reason: string, part: string | null, scope: Scope, walk: Walk): void {
  if (!scope.dangers_only) walk.findings.add("ask", reason, part);
  if (!scope.nested) walk.findings.ask(null);
}

export function refuse(reason: string, scope: Scope, walk: Walk): Outcome {
  doubt(reason, null, scope, walk);
  return staying(scope);
}

/** Scripts within scripts. */
export const DEPTH = 6;
