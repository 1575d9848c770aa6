import type { Approval, PinnedScript } from "@mainstay/sdk/resources";
import { escapeCommand, escapePath, oneLine } from "../terminal/escape.ts";
import { exactRows, proseRows } from "../terminal/rows.ts";
import type { Screen, Tone } from "../terminal/screen.ts";
import { shellQuoted } from "../terminal/shell-quoted.ts";
import { grantText } from "./host-text.ts";

export interface CardLine {
  text: string;
  tone: Tone;
}

const HEAD_ROWS = 12;
const LABEL_COLUMNS = 10;
/** The first row of a line of a command or script; no text within can look like a line of the card. */
const GUTTER = "│ ";
/** Its further rows: there is no newline before them. */
const GUTTER_ON = "┆ ";

/**
 * What would run, where, with what reach, why it asks and what agreeing means, in lines of at most
 * `columns`. Of the command nothing is left out, and what has no shape is named.
 */
export function approvalCard(approval: Approval, columns: number): CardLine[] {
  const fact = (label: string, text: string): CardLine[] =>
    labelled(label, proseRows(oneLine(text, Infinity), columns - LABEL_COLUMNS));
  const asks = `Mainstay asks to run this${intentOf(approval)}`;
  return [
    ...proseRows(asks, columns).map((text) => ({ text, tone: "strong" as const })),
    ...quotedCommand(approval.command_shown, columns),
    ...approval.says.flatMap((text) => fact("it", text)),
    ...reasonsOf(approval).flatMap((text) => fact("why", text)),
    ...labelled("in", exactRows(escapePath(approval.workspace_path), columns - LABEL_COLUMNS)),
    ...fact("reach", approval.reach),
    ...openedLines(approval, columns),
    ...approval.runs.flatMap((script) => scriptLines(script, approval.workspace_path, columns)),
    ...fact("for", `${approval.person.name}, ${approval.turn_id}, ${minute(approval.created_at)}`),
    ...(approval.pause === null ? [] : fact("paused", pausedInWords(approval.pause))),
    ...fact("until", `${minute(approval.expires_at)}; then it is denied`),
    ...(approval.rule === null
      ? []
      : fact("rule", `remember allows from now on: ${approval.rule}`)),
    ...(approval.suggestion === null ? [] : fact("note", approval.suggestion)),
  ];
}

/** All of it, behind a gutter. */
export const quotedCommand = (command: string, columns: number): CardLine[] =>
  quoted(exact(command), 2, columns);

/** On standard error, above the question. */
export function showApproval(screen: Screen, approval: Approval): void {
  for (const { text, tone } of approvalCard(approval, screen.columns())) screen.note(text, tone);
}

/** On standard output, as what was asked for. */
export function printApproval(screen: Screen, approval: Approval): void {
  const columns = screen.on_terminal ? screen.columns() : Infinity;
  for (const { text, tone } of approvalCard(approval, columns)) screen.print(text, tone);
}

/** Each host and folder by its name: that is what is agreed to. */
function openedLines({ opens }: Approval, columns: number): CardLine[] {
  const hosts = (opens?.hosts ?? []).map((grant) => `the host ${grantText(grant)}`);
  const folders = (opens?.folders ?? []).map((path) => `to read ${escapePath(path)}`);
  return [...hosts, ...folders].flatMap((what) =>
    labelled("OPENS", exactRows(`for this once, ${what}`, columns - LABEL_COLUMNS)).map((line) => ({
      ...line,
      tone: "strong" as const,
    })),
  );
}

const pausedInWords = ({ by, reason }: NonNullable<Approval["pause"]>): string =>
  `by ${by}${reason === null ? "" : `: ${reason}`}; agreed to, it begins when that is lifted`;

const intentOf = ({ intent }: Approval): string =>
  intent.trim() === "" ? ":" : `: ${oneLine(intent)}`;

/** The label stands before its first row only. */
function labelled(label: string, rows: string[]): CardLine[] {
  return rows.map((row, i) => ({
    text: `${(i === 0 ? `  ${label}` : "").padEnd(LABEL_COLUMNS)}${row}`,
    tone: "plain",
  }));
}

/** Each finding with the part of the command that it comes from. */
function reasonsOf({ findings, reason }: Approval): string[] {
  if (findings.length === 0) return [reason];
  return findings.map(({ reason: why, part }) => (part === null ? why : `${why}: ${part}`));
}

/** Its first rows, and where the rest is. */
function scriptLines(
  { path, sha256, bytes, head }: PinnedScript,
  workspace_path: string,
  columns: number,
): CardLine[] {
  const within = columns - LABEL_COLUMNS;
  const rows = quoted(readable(head), LABEL_COLUMNS, columns);
  const is_whole = rows.length <= HEAD_ROWS && Buffer.byteLength(head) === bytes;
  const whole = `less ${shellQuoted(`${workspace_path}/${path}`)}`;
  return [
    ...labelled("script", exactRows(escapePath(path), within)),
    ...rows.slice(0, HEAD_ROWS),
    ...(is_whole ? [] : labelled("", ["the first lines; all of it:", ...exactRows(whole, within)])),
    ...labelled("", proseRows(`only with these ${bytes} bytes, sha256 ${sha256}`, within)),
  ];
}

/** Behind a gutter, so that every row shows where it belongs. */
function quoted(text: string, indent: number, columns: number): CardLine[] {
  const margin = " ".repeat(indent);
  const rowsOf = (line: string) => exactRows(line, columns - indent - GUTTER.length);
  return text
    .split("\n")
    .flatMap((line) => rowsOf(line).map((row, i) => `${i === 0 ? GUTTER : GUTTER_ON}${row}`))
    .map((row) => ({ text: `${margin}${row}`, tone: "plain" }));
}

/** A tab looks like spaces, and what a line ends with like nothing. */
const exact = (command: string): string =>
  escapeCommand(command).replace(/\t| +$/gm, (blanks) =>
    blanks.replaceAll("\t", "\\u{9}").replaceAll(" ", "\\u{20}"),
  );

const readable = (head: string): string =>
  escapeCommand(head).replace(/\n$/, "").replaceAll("\t", "    ");

/** `2026-01-08 00:00 UTC` */
const minute = (iso: string): string => `${iso.slice(0, 16).replace("T", " ")} UTC`;
