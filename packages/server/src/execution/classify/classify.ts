import { characterDoubt } from "./characters.ts";
import { createFindings } from "./findings.ts";
import { known } from "./folders.ts";
import type { Scope, Walk } from "./scope.ts";
import { walker } from "./walk.ts";

export type Verdict = "safe" | "ask" | "blocked";

/** One thing that a script does, and what the policy says of it. */
export interface Finding {
  readonly verdict: Exclude<Verdict, "safe">;
  /** Plain words on one line; whatever is invisible in the script is escaped here. */
  readonly reason: string;
  /** The piece of the script that it comes from; null where it is the whole. */
  readonly part: string | null;
}

/** A simple command without redirections to files, as the shell would run it. */
export interface LiteralCommand {
  /** Where it runs, relative to the workspace; empty for its root. */
  readonly folder: string;
  readonly words: readonly string[];
}

/** A file of the workspace that the script runs or sources, or that says which commands it runs. */
export interface RunFile {
  /** Relative to the workspace. */
  readonly path: string;
  /** The script may also change it before it runs it, or only perhaps runs this one. */
  readonly changed: boolean;
}

/** Whose consent a script needs. The sandbox is the boundary; this only decides who is asked. */
export interface Classified {
  readonly verdict: Verdict;
  /** Of the strictest finding. */
  readonly reason: string;
  readonly part: string | null;
  /** What is not safe, the strictest first; a bounded number. */
  readonly findings: readonly Finding[];
  /** All that is not safe as literal commands, for rules to match; null where words are not enough to say it. */
  readonly asks: readonly LiteralCommand[] | null;
  readonly runs: readonly RunFile[];
}

/** The workspace's folder on this host: operands are followed through its symbolic links. */
export interface Place {
  readonly root: string;
}

const COMMANDS = 500;

/**
 * What the policy says of a script in bash, without running anything: it reads the script, and of the
 * workspace only links, `.git/config`, and which files are there. Whatever it cannot read, or does not
 * know, asks. Never throws.
 */
export function classify(script: string, place: Place): Classified {
  const findings = createFindings();
  const walk: Walk = {
    ...{ root: place.root, findings, downloads: new Set<string>() },
    ...{ budget: { commands: COMMANDS }, connected: false, into: walker },
  };
  try {
    const doubt = characterDoubt(script);
    if (doubt !== null) findings.add("ask", doubt, null);
    if (doubt !== null) findings.ask(null);
    if (script.trim() === "") findings.add("ask", "there is nothing to run", null);
    walker.script(script, outermost(place.root), walk);
  } catch {
    // A fault of the parser, or of a rule: nobody knows what the script does.
    findings.add("ask", "it could not be read", null);
    findings.ask(null);
  }
  return findings.conclude();
}

const outermost = (root: string): Scope => ({
  ...{ folders: known(root), variables: new Map(), functions: new Map() },
  ...{ calling: new Set<string>() },
  ...{ stdin: null, depth: 0, certain: true, raced: false, looped: false },
  ...{ nested: false, dangers_only: false },
});

/** Of what the server itself composed, or what only reads. */
export const safe = (reason: string): Classified => ({
  ...{ verdict: "safe", reason, part: null },
  ...{ findings: [], asks: [], runs: [] },
});
