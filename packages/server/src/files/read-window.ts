import { bounds } from "./bounds.ts";
import { readUpTo, sha256Of } from "./bytes.ts";
import { asUtf8, characterStart } from "./encoding.ts";
import { FileRefused } from "./refused.ts";
import { atPlace, type Root, withRegular } from "./walk.ts";

/** Which lines: `offset_lines` counts from 1. */
export interface Window {
  readonly offset_lines: number;
  readonly limit_lines: number;
  readonly limit_bytes: number;
}

/** Some lines of a file. Lines are separated by LF; one at the very end starts no line. */
export interface TextWindow {
  /** Relative to the workspace, links resolved. */
  readonly path: string;
  readonly text: string;
  readonly first_line: number;
  readonly last_line: number;
  /** Null for a file past `bounds.file_bytes`, which is not read to its end. */
  readonly total_lines: number | null;
  /** Of the file in hex; null where it is not read to its end. */
  readonly sha256: string | null;
  /** True when a single line was longer than the window: the rest of that line is not shown. */
  readonly line_cut: boolean;
}

/** @throws FileRefused when it is no text file, or the window starts past its end. */
export function readWindow(root: Root, path: string, window: Window): TextWindow {
  return atPlace(root, path, "read", (place) => {
    const found =
      place.missing.length > 0
        ? null
        : withRegular(place.folder, place.name, (fd, { size }) => ({
            bytes: readUpTo(fd, Math.min(size, bounds.file_bytes)),
            whole: size <= bounds.file_bytes,
          }));
    if (found === null) {
      throw new FileRefused("absent", `${JSON.stringify(path)} does not exist`);
    }
    const { bytes, whole } = found;
    const sha256 = whole ? sha256Of(bytes) : null;
    return { path: place.path, sha256, ...windowOf(bytes, whole, window, path) };
  });
}

const LF = 10;

/** The window's lines out of a file's first bytes; `whole` says whether these are all. */
export function windowOf(
  content: Buffer,
  whole: boolean,
  { offset_lines, limit_lines, limit_bytes }: Window,
  path: string,
): Omit<TextWindow, "path" | "sha256"> {
  const bytes = asUtf8(content, whole, path);
  const start = offsetOfLine(bytes, offset_lines);
  if (start === bytes.length && offset_lines > 1) throw pastEnd(bytes, whole, offset_lines, path);
  const most_bytes = Math.min(limit_bytes, bounds.window_bytes);
  let end = start;
  let lines = 0;
  while (lines < limit_lines && end < bytes.length) {
    const next = offsetOfLine(bytes, 2, end);
    if (next - start > most_bytes) break;
    end = next;
    lines++;
  }
  const line_cut = lines === 0 && end < bytes.length;
  if (line_cut) end = characterStart(bytes, start + most_bytes);
  return {
    text: bytes.toString("utf8", start, end),
    first_line: offset_lines,
    last_line: offset_lines + (line_cut ? 1 : lines) - 1,
    total_lines: whole ? countLines(bytes) : null,
    line_cut,
  };
}

/** Where line `line` (from 1) starts, counted from `from`; the end when there are fewer. */
function offsetOfLine(bytes: Buffer, line: number, from = 0): number {
  let offset = from;
  for (let passed = 1; passed < line; passed++) {
    const feed = bytes.indexOf(LF, offset);
    if (feed === -1) return bytes.length;
    offset = feed + 1;
  }
  return offset;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let offset = 0; offset < bytes.length; lines++) offset = offsetOfLine(bytes, 2, offset);
  return lines;
}

function pastEnd(bytes: Buffer, whole: boolean, line: number, path: string): FileRefused {
  const name = JSON.stringify(path);
  const lines = countLines(bytes);
  return whole
    ? new FileRefused("out_of_range", `${name} has ${lines} lines; line ${line} is past its end`)
    : new FileRefused(
        "too_large",
        `${name} is read only as far as line ${lines} (${bounds.file_bytes} bytes); ` +
          `use the shell for line ${line}, for example: sed -n '${line},+100p'`,
      );
}
