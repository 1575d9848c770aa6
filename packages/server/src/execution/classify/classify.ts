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

/** A file of the workspace that the script runs or sources. */
export interface RunFile {
  /** Relative to the workspace. */
  readonly path: string;
  /** The script may also change it before it runs it. */
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

/** Programs that only read, whatever their flags, when their operands stay inside the workspace. */
const readers: ReadonlySet<string> = new Set([
  "basename",
  "cat",
  "cut",
  "dirname",
  "du",
  "echo",
  "false",
  "grep",
  "head",
  "id",
  "ls",
  "nl",
  "pwd",
  "stat",
  "tail",
  "tr",
  "true",
  "uname",
  "wc",
  "whoami",
]);

/** Words without any meaning to a shell: no quotes, globs, expansions, redirections or operators. */
const PLAIN_WORD = /^[A-Za-z0-9_@%+=:,./-]+$/;
/** `-f`, `-F`, and whatever could be short for `--follow` or `--retry`. */
const FOLLOWS = /^(-[a-z0-9]*[fF]|--[fr])/;

/**
 * A short list, until the parser of shell takes over: one plain command that only reads, with
 * operands below the workspace. Everything else asks.
 */
export function classify(command: string, _place: Place): Classified {
  const words = command.trim().split(/ +/);
  const program = words[0] ?? "";
  if (!words.every((word) => PLAIN_WORD.test(word)))
    return ask("it uses shell syntax, so it may do more than read");
  if (!readers.has(program)) return ask(`${program || "an empty command"} may change things`);
  const outside = words.slice(1).find(leavesWorkspace);
  if (outside !== undefined) return ask(`${outside} may lie outside the workspace`);
  if (program === "tail" && words.some((word) => FOLLOWS.test(word)))
    return ask("it would not end by itself");
  return safe(`${program} only reads`);
}

/** Of what the server itself composed, or what only reads. */
export const safe = (reason: string): Classified => ({
  ...{ verdict: "safe", reason, part: null },
  ...{ findings: [], asks: [], runs: [] },
});

const ask = (reason: string): Classified => ({
  ...{ verdict: "ask", reason, part: null },
  ...{ findings: [{ verdict: "ask", reason, part: null }], asks: null, runs: [] },
});

function leavesWorkspace(word: string): boolean {
  const operand = word.startsWith("-") ? word.slice(word.indexOf("=") + 1) : word;
  return operand.startsWith("/") || operand.split("/").includes("..") || /[=/]\//.test(word);
}
