import type { AuditItem } from "@mainstay/sdk/audit-trail";

/** Of every kind; a record has some of them. */
const fields = [
  "kind",
  "person_id",
  "turn_id",
  "step",
  "call_id",
  "command_id",
  "workspace_id",
  "verdict",
  "consent",
  "agreed_by",
  "agreement_id",
  "outcome",
  "exit_code",
  "signal",
  "duration_ms",
  "output_bytes",
  "output_sha256",
  "script_sha256",
  "planned_digest",
  "executed_digest",
  "sandbox",
  "code",
] as const;

export const csvHead = ["seq", "at", "person", ...fields, "command", "record", "hash"]
  .map(csvCell)
  .join(",");

/** RFC 4180; `record` is the whole record as JSON. */
export function csvLine({ seq, at, hash, record, people, command }: AuditItem): string {
  const values = new Map(Object.entries(record ?? {}));
  const person = people[String(values.get("person_id"))] ?? "";
  const cells = [
    ...[seq, at, person, ...fields.map((name) => values.get(name) ?? "")],
    ...[command ?? "", record === null ? "" : JSON.stringify(record), hash],
  ];
  return cells.map(csvCell).join(",");
}

/**
 * What a spreadsheet would run as a formula is told as text, by an apostrophe before it. All text is
 * quoted: some split at semicolons or tabs, and would find a formula behind one.
 */
export function csvCell(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = String(value);
  const inert = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${inert.replaceAll('"', '""')}"`;
}
