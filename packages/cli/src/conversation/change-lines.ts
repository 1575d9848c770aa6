import type { FileChange, TurnChanges } from "@mainstay/sdk/changes";
import { escapePath, oneLine } from "../terminal/escape.ts";

const GAP_CHARS = 300;

/** What a turn changed, a line a file, and what is not known of it. */
export function turnChangeLines({ files, more, gaps, not_entered, sources }: TurnChanges) {
  if (sources.length === 0) return ["This turn changed nothing."];
  return [
    ...files.map(changeLine),
    ...(more === 0 ? [] : [`and ${more} more changes that are not listed`]),
    ...(files.length + more === 0 ? ["Nothing was seen to change."] : []),
    ...(not_entered.length === 0
      ? []
      : [`Not looked into: ${not_entered.map(escapePath).join(", ")}`]),
    ...gaps.map((gap) => `! ${oneLine(gap, GAP_CHARS)}`),
  ];
}

/** `modified  src/a.ts (120 bytes)` */
export function changeLine({ path, kind, before, after }: FileChange): string {
  const name = escapePath(path);
  if (kind === "folder") return `changed   ${name} (not looked into)`;
  if (before === null) return `created   ${name}${sizeOf(after?.size_bytes)}`;
  return after === null ? `deleted   ${name}` : `modified  ${name}${sizeOf(after.size_bytes)}`;
}

const sizeOf = (size_bytes: number | null | undefined): string =>
  size_bytes == null ? "" : ` (${size_bytes} bytes)`;
