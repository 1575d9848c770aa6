import { FileRefused } from "../../../src/files/refused.ts";

/** The fault and message of what is refused; fails when it is not. */
export function refusalIn(doing: () => unknown): { fault: string; message: string } {
  try {
    doing();
  } catch (fault) {
    if (fault instanceof FileRefused) return { fault: fault.fault, message: fault.message };
    throw fault;
  }
  throw new Error("it was not refused");
}
