import type { ProblemCode } from "@mainstay/sdk/problem";
import type { FileRefused } from "../files/files.ts";
import { Refusal } from "../kernel/errors.ts";

const CODES: Partial<Record<FileRefused["fault"], ProblemCode>> = {
  backup_gone: "backup_gone",
  disk_full: "disk_full",
};

/** That files could not be made what a person asked for; `more` says what else they should know. */
export const fileRefusal = ({ fault, message }: FileRefused, more: readonly string[] = []) =>
  new Refusal(CODES[fault] ?? "edit_conflict", [message, ...more].join("\n"));
