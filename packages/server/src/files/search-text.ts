import type { Clock } from "@mainstay/sdk/clock";
import type { SearchBounds } from "./bounds.ts";
import { readUpTo } from "./bytes.ts";
import { entriesOf, isEntered } from "./entries.ts";
import { linePattern } from "./line-pattern.ts";
import type { LinePattern } from "./line-pattern.ts";
import { nameGlob } from "./name-glob.ts";
import { FileRefused, isErrno } from "./refused.ts";
import { looksBinary } from "./encoding.ts";
import { atPlace, type Folder, type Root, withFolder, withRegular } from "./walk.ts";

/** What to look for and where. `.gitignore` is not read; `.git` and `node_modules` are skipped. */
export interface TextQuery {
  readonly pattern: string;
  /** A folder or a file; the whole workspace when absent. */
  readonly path?: string | undefined;
  /** Only files whose name, or path when it has a slash, matches. */
  readonly glob?: string | undefined;
}

export interface TextMatch {
  /** Relative to the workspace. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export interface TextSearch {
  readonly matches: readonly TextMatch[];
  /** "literal": a regular expression beyond `a|b` and `.*` was looked for as it is written. */
  readonly read_as: LinePattern["read_as"];
  /** The bound at which it stopped, or that nobody wants it; null when everything was searched. */
  readonly stopped_by: "matches" | "files" | "bytes" | "time" | "unwanted" | null;
  readonly searched_files: number;
  /** Binary, too large, too deep or unreadable. */
  readonly skipped: number;
}

/**
 * Searches text without ripgrep, for when there is no sandbox to run it in.
 * @throws FileRefused when `path` is not in the workspace.
 */
export function searchText(
  root: Root,
  query: TextQuery,
  bounds: SearchBounds,
  clock: Clock,
  isUnwanted: () => boolean,
): TextSearch {
  if (query.pattern === "" || query.pattern.length > bounds.pattern_chars) {
    const expected = `1 to ${bounds.pattern_chars} characters`;
    throw new FileRefused("malformed", `the pattern must have ${expected}`);
  }
  const where = query.path ?? ".";
  const deadline = clock.monotonic() + bounds.wall_ms;
  const hunt: Hunt = {
    bounds,
    wanted: nameGlob(query.glob ?? "*"),
    pattern: linePattern(query.pattern),
    timeIsUp: () => clock.monotonic() >= deadline,
    isUnwanted,
    matches: [],
    bytes: 0,
    searched_files: 0,
    skipped: 0,
    stopped_by: null,
  };
  atPlace(root, where, "read", ({ folder, missing, name, path }) => {
    if (missing.length > 0) {
      throw new FileRefused("absent", `${JSON.stringify(where)} does not exist`);
    }
    const search = (below: Folder) => searchFolder(hunt, below, path === "." ? "" : `${path}/`, 1);
    try {
      withFolder(folder, name, search);
    } catch (fault) {
      if (!isErrno(fault) || fault.code !== "ENOTDIR") throw fault;
      searchFile(hunt, folder, name, path);
    }
  });
  const { matches, pattern, stopped_by, searched_files, skipped } = hunt;
  return { matches, read_as: pattern.read_as, stopped_by, searched_files, skipped };
}

interface Hunt {
  readonly wanted: (path: string) => boolean;
  readonly bounds: SearchBounds;
  readonly pattern: LinePattern;
  readonly timeIsUp: () => boolean;
  readonly isUnwanted: () => boolean;
  readonly matches: TextMatch[];
  bytes: number;
  searched_files: number;
  skipped: number;
  stopped_by: TextSearch["stopped_by"];
}

function searchFolder(hunt: Hunt, folder: Folder, prefix: string, depth: number): void {
  const { entries, complete } = entriesOf(folder, hunt.bounds.entries);
  if (!complete) hunt.skipped++;
  for (const entry of entries) {
    if (isOver(hunt)) return;
    const path = prefix + entry.name;
    try {
      if (entry.kind === "file" && hunt.wanted(path)) searchFile(hunt, folder, entry.name, path);
      else if (isEntered(entry)) enter(hunt, folder, entry.name, path, depth);
    } catch (fault) {
      if (!isErrno(fault) && !(fault instanceof FileRefused)) throw fault;
      hunt.skipped++;
    }
  }
}

function enter(hunt: Hunt, folder: Folder, name: string, path: string, depth: number): void {
  if (depth === hunt.bounds.depth) {
    hunt.skipped++;
    return;
  }
  withFolder(folder, name, (below) => searchFolder(hunt, below, `${path}/`, depth + 1));
}

function searchFile(hunt: Hunt, folder: Folder, name: string, path: string): void {
  const bytes = withRegular(folder, name, (fd, { size }) =>
    size > hunt.bounds.file_bytes ? null : readUpTo(fd, size),
  );
  if (bytes === null || looksBinary(bytes)) {
    hunt.skipped++;
    return;
  }
  hunt.searched_files++;
  hunt.bytes += bytes.length;
  const text = bytes.toString("utf8");
  if (hunt.pattern.mayOccur(text)) searchLines(hunt, path, text);
}

function searchLines(hunt: Hunt, path: string, text: string): void {
  for (const [index, line] of text.split("\n").entries()) {
    const at = hunt.pattern.find(line);
    if (at === null) continue;
    if (hunt.matches.length === hunt.bounds.matches) {
      hunt.stopped_by = "matches";
      return;
    }
    hunt.matches.push({ path, line: index + 1, text: around(line, at, hunt.bounds) });
  }
}

function around(line: string, at: number, { line_chars }: SearchBounds): string {
  const shown = line.replace(/\r$/, "");
  if (shown.length <= line_chars) return shown;
  const start = Math.max(0, at - Math.floor(line_chars / 3));
  const cut = shown.slice(start, start + line_chars);
  return `${start > 0 ? "…" : ""}${cut}${start + line_chars < shown.length ? "…" : ""}`;
}

function isOver(hunt: Hunt): boolean {
  hunt.stopped_by ??= boundReached(hunt);
  return hunt.stopped_by !== null;
}

function boundReached(hunt: Hunt): TextSearch["stopped_by"] {
  if (hunt.isUnwanted()) return "unwanted";
  if (hunt.searched_files >= hunt.bounds.files) return "files";
  if (hunt.bytes >= hunt.bounds.bytes) return "bytes";
  return hunt.timeIsUp() ? "time" : null;
}
