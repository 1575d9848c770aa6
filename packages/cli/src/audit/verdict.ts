import type { AuditVerdict } from "@mainstay/server/commands/audit";
import { escapePath, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

const MB = 1_048_576;
const LINE_CHARS = 500;

/** What a fault quotes may be of a damaged or forged file: it gets no line of its own. */
export function showVerdict(verdict: AuditVerdict, screen: Pick<Screen, "print">): void {
  const { ok, records, bytes, signed, exported, compared, faults, fault_count, blind_to } = verdict;
  const lines = [
    `${records} records (${(bytes / MB).toFixed(1)} MB), signed up to ${signed}`,
    ...(exported === null ? [] : [`the exported head is of record ${exported}`]),
    ...(compared === null ? [] : [`${compared} commands compared with the executor's own chain`]),
  ];
  screen.print(`${ok ? "ok   " : "FAIL "} ${lines.join("; ")}`, ok ? "good" : "bad");
  for (const { seq, fault } of faults)
    screen.print(`      ${seq === null ? "" : `record ${seq}: `}${plain(fault)}`, "bad");
  if (fault_count > faults.length) screen.print(`      and ${fault_count - faults.length} more`);
  for (const spot of blind_to) screen.print(`note  ${plain(spot)}`);
}

const plain = (text: string): string => oneLine(escapePath(text), LINE_CHARS);
