import type { Value } from "./expansions.ts";
import type { Findings } from "./findings.ts";

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
  /** Absolute, of which the current one is one; several after a `cd` that may have failed. */
  readonly folders: readonly string[];
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
  readonly functions: Map<string, unknown>;
}

/** What the walk over one script shares. */
export interface Walk {
  readonly root: string;
  readonly findings: Findings;
  /** Commands that may still be looked at. */
  readonly budget: { commands: number };
  /** Files that the script fetches, absolute. */
  readonly downloads: Set<string>;
}

/** How a command ends, as far as its place matters to the next. */
export interface Outcome {
  /** Where the shell may be when it succeeded, and when it failed. */
  readonly done: readonly string[];
  readonly failed: readonly string[];
  readonly output: Flow;
  /** A shell that reads commands from its input. */
  readonly is_shell: boolean;
  /** Sends its input over the network. */
  readonly talks: boolean;
}

export const staying = (scope: Scope, output: Flow = UNKNOWN_FLOW): Outcome => ({
  ...{ done: scope.folders, failed: scope.folders, output, is_shell: false, talks: false },
});

const FOLDERS = 8;

/** All places where the shell may be; bounded, so that too many are none that is known. */
export function union(...lists: (readonly string[])[]): readonly string[] {
  const all = [...new Set(lists.flat())];
  return all.length > FOLDERS ? [] : all;
}
