/**
 * What a git config names outside of itself: folders of hooks, further config, programs. Read here and
 * never asked of git, which would run some of it.
 */
import { dirname, join, normalize } from "node:path";

export interface Pointer {
  /** As git finds it: from the root of the worktree, or an absolute one. */
  path: string;
  /** `config` is one more to be read; a `program` is a word of a command line. */
  kind: "config" | "path" | "program";
}

/** By name in lower case. */
const PATHS = /^core\.(hookspath|attributesfile)$/;
const CONFIGS = /^include(if\..*)?\.path$/;
const PROGRAMS = new RegExp(
  [
    /^core\.(fsmonitor|sshcommand|editor|pager|askpass|gitproxy|alternaterefscommand)$/,
    /^(sequence\.editor|diff\.external|interactive\.difffilter|uploadpack\.packobjectshook)$/,
    /^(filter\..*\.(clean|smudge|process)|diff\..*\.(command|textconv)|merge\..*\.driver)$/,
    /^((merge|diff)tool\..*\.(cmd|path)|gpg\.(.*\.)?program|credential\.(.*\.)?helper)$/,
    /^(alias\..*|pager\..*|trailer\..*\.(cmd|command)|remote\..*\.(uploadpack|receivepack))$/,
  ]
    .map(({ source }) => source)
    .join("|"),
);

/** `file` is the config's own path, from the root of the worktree. */
export function pointersOf(text: string, file: string): Pointer[] {
  return [...settings(text)].flatMap(([name, value]): Pointer[] => {
    if (PATHS.test(name)) return [{ path: normalize(value), kind: "path" }];
    if (CONFIGS.test(name)) {
      const path = value.startsWith("/") ? value : join(dirname(file), value);
      return [{ path: normalize(path), kind: "config" }];
    }
    if (!PROGRAMS.test(name)) return [];
    // Without a slash it is looked for on the PATH.
    const words = value.split(/[\s"'!;|&]+/).filter((word) => word.includes("/"));
    return words.map((word) => ({ path: normalize(word), kind: "program" }));
  });
}

const SECTION = /^\s*\[\s*([\w.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]/;
const SETTING = /^\s*([A-Za-z][\w-]*)\s*=\s*(.*)$/;

/** Names as `section.subsection.key`, in lower case. */
function* settings(text: string): Generator<[name: string, value: string]> {
  let section = "";
  for (const line of text.replaceAll(/\\\r?\n/g, "").split(/\r?\n/)) {
    const head = SECTION.exec(line);
    if (head !== null) section = head[2] === undefined ? head[1]! : `${head[1]}.${head[2]}`;
    const setting = SETTING.exec(line.slice(head?.[0].length ?? 0));
    if (setting !== null) yield [`${section}.${setting[1]}`.toLowerCase(), valueOf(setting[2]!)];
  }
}

/** Without its quotes, and without a comment behind it. */
function valueOf(written: string): string {
  const parts = written.match(/"(?:[^"\\]|\\.)*"?|\\.|[^"\\#;]+|[#;].*$/g) ?? [];
  const kept = parts.filter((part) => !/^[#;]/.test(part));
  return kept
    .map((part) => part.replaceAll(/\\(.)|"/g, "$1"))
    .join("")
    .trim();
}
