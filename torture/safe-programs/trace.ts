/**
 * Reads what `strace -f -y -o FILE` wrote: one system call a line, split where processes interleave.
 *
 * 1. Every call is read, or nothing is: what is no call and no known word of strace's is a fault.
 */

export interface SystemCall {
  readonly pid: number;
  readonly name: string;
  /** As strace prints them, each trimmed. */
  readonly args: readonly string[];
  /** `0`, `-1 ENOENT (…)`, `3</its/path>`; `?` where the process died in it. */
  readonly result: string;
}

const WHOLE = /^(\d+) +(\w+)\((.*)\) += (.+)$/s;
const BEGUN = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/s;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/s;
/** How a process ended. */
const NO_CALL = /^\d+ +\+\+\+ (exited with \d+|killed by SIG\w+( \(core dumped\))?) \+\+\+$/;

/** @throws where a line cannot be read; the last one may be cut off, where strace was killed at it */
export function readTrace(text: string): SystemCall[] {
  const begun = new Map<string, string>();
  const calls: SystemCall[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const resumed = RESUMED.exec(line);
    const start = BEGUN.exec(line);
    if (start !== null) begin(begun, start);
    else if (resumed !== null) calls.push(callOf(joined(begun, resumed)));
    else if (!NO_CALL.test(line)) calls.push(callOf(line));
  }
  // A call that never came back was made all the same.
  for (const half of begun.values()) calls.push(callOf(`${half}) = ?`));
  return calls;
}

function begin(begun: Map<string, string>, [line, pid, name, args]: RegExpExecArray): void {
  if (begun.has(pid!)) throw unreadable(line);
  begun.set(pid!, `${pid} ${name}(${args}`);
}

function joined(begun: Map<string, string>, [line, pid, , rest]: RegExpExecArray): string {
  const half = begun.get(pid!);
  if (half === undefined) throw unreadable(line);
  begun.delete(pid!);
  return half + rest;
}

function callOf(line: string): SystemCall {
  const parts = WHOLE.exec(line);
  if (parts === null) throw unreadable(line);
  const [, pid, name, args, result] = parts;
  return { pid: Number(pid), name: name!, args: splitArguments(args!), result: result! };
}

const unreadable = (line: string): Error =>
  new Error(`strace wrote what is not understood: ${line}`);

/** At the commas that stand in no string, path, structure or list. */
function splitArguments(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let is_quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (is_quoted && char === "\\") i++;
    else if (char === '"') is_quoted = !is_quoted;
    else if (is_quoted) continue;
    else if ("([{<".includes(char)) depth++;
    else if (")]}>".includes(char)) depth--;
    else if (char === "," && depth === 0) {
      args.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...args, text.slice(start).trim()];
}

/** The text of a quoted argument; null for anything else. */
export function stringOf(arg: string | undefined): string | null {
  const quoted = /^"(.*)"(\.\.\.)?$/s.exec(arg ?? "");
  return quoted === null ? null : unescaped(quoted[1]!);
}

/** The path behind a descriptor, as in `3</etc/hosts>`; null where it has none. */
export function pathOf(descriptor: string | undefined): string | null {
  const path = /^(?:-?\d+|AT_FDCWD)<(\/.*)>$/s.exec(descriptor ?? "");
  return path === null ? null : unescaped(path[1]!);
}

const LETTERS: Record<string, string> = { n: "\n", t: "\t", r: "\r", v: "\v", f: "\f" };

function unescaped(text: string): string {
  const bytes = text.replaceAll(
    /\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))/gs,
    (_, octal, hex, letter) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return LETTERS[letter] ?? letter;
    },
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
