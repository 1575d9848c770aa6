/** SQLite's result codes that decide something here (https://sqlite.org/rescode.html). */
const BUSY = 5;
const CONSTRAINT_UNIQUE = 2067;
const CONSTRAINT_PRIMARYKEY = 1555;

const codeOf = (fault: unknown): number | null =>
  fault instanceof Error && "errcode" in fault ? Number(fault.errcode) : null;

export const isBusy = (fault: unknown): boolean => ((codeOf(fault) ?? 0) & 0xff) === BUSY;

export function isUniqueViolation(fault: unknown): boolean {
  const code = codeOf(fault);
  return code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARYKEY;
}
