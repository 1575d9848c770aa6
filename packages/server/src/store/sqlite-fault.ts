import { messageOf, StoreFault, type StoreFaultKind } from "../kernel/errors.ts";
import type { Failure } from "./sqlite-wire.ts";

/** SQLite's result codes that decide something here (https://sqlite.org/rescode.html). */
const BUSY = 5;
const CONSTRAINT_UNIQUE = 2067;
const CONSTRAINT_PRIMARYKEY = 1555;

/** Primary codes by which SQLite says that the file or its disk, and not the statement, is at fault. */
const KINDS: ReadonlyMap<number, StoreFaultKind> = new Map([
  [BUSY, "held"], // BUSY, after the time that a connection waits
  [8, "io"], // READONLY: of a connection that may write, so the file or its folder was taken away
  [10, "io"], // IOERR
  [11, "io"], // CORRUPT
  [13, "disk_full"], // FULL
  [14, "io"], // CANTOPEN
  [26, "io"], // NOTADB
]);

const codeOf = (fault: unknown): number | null =>
  fault instanceof Error && "errcode" in fault ? Number(fault.errcode) : null;

const primaryCodeOf = (fault: unknown): number => (codeOf(fault) ?? 0) & 0xff;

export const isBusy = (fault: unknown): boolean => primaryCodeOf(fault) === BUSY;

export function isUniqueViolation(fault: unknown): boolean {
  const code = codeOf(fault);
  return code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARYKEY;
}

/** What is wrong with the store; null when the fault is the statement's own. */
export function faultKindOf(fault: unknown): StoreFaultKind | null {
  if (fault instanceof StoreFault) return fault.cause_kind;
  return KINDS.get(primaryCodeOf(fault)) ?? kindOfSystemFault(fault);
}

/** Of a file that is written without SQLite. */
function kindOfSystemFault(fault: unknown): StoreFaultKind | null {
  if (!(fault instanceof Error) || !("syscall" in fault) || !("code" in fault)) return null;
  return fault.code === "ENOSPC" || fault.code === "EDQUOT" ? "disk_full" : "io";
}

/** With SQLite's code, which says more than its text: a "disk I/O error" is a write or an fsync. */
export function describeFault(fault: unknown): string {
  const code = codeOf(fault);
  return code === null ? messageOf(fault) : `${messageOf(fault)} (SQLite ${code})`;
}

/** A fault as it travels to the server's thread. */
export const failureOf = (fault: unknown): Failure => ({
  ok: false,
  fault: describeFault(fault),
  cause_kind: faultKindOf(fault),
});
