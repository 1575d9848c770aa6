import { escapeCommand } from "./escape.ts";

/** One word of a shell, to be typed again; what is invisible in it is named. */
export const shellQuoted = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${escapeCommand(text).replaceAll("'", `'\\''`)}'`;
