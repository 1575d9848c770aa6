/** Whose consent a command needs. The sandbox is the boundary; this only decides who is asked. */
export interface Classified {
  readonly verdict: "safe" | "ask" | "blocked";
  readonly reason: string;
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
export function classify(command: string): Classified {
  const words = command.trim().split(/ +/);
  const program = words[0] ?? "";
  if (!words.every((word) => PLAIN_WORD.test(word)))
    return ask("it uses shell syntax, so it may do more than read");
  if (!readers.has(program)) return ask(`${program || "an empty command"} may change things`);
  const outside = words.slice(1).find(leavesWorkspace);
  if (outside !== undefined) return ask(`${outside} may lie outside the workspace`);
  if (program === "tail" && words.some((word) => FOLLOWS.test(word)))
    return ask("it would not end by itself");
  return { verdict: "safe", reason: `${program} only reads` };
}

const ask = (reason: string): Classified => ({ verdict: "ask", reason });

function leavesWorkspace(word: string): boolean {
  const operand = word.startsWith("-") ? word.slice(word.indexOf("=") + 1) : word;
  return operand.startsWith("/") || operand.split("/").includes("..") || /[=/]\//.test(word);
}
