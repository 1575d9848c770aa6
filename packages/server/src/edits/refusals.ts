import type { ProblemCode } from "@mainstay/sdk/problem";
import type { FileRefused } from "../files/files.ts";
import { Refusal } from "../kernel/errors.ts";
import type { Outcome } from "./perform.ts";

const CODES: Partial<Record<FileRefused["fault"], ProblemCode>> = {
  conflict: "edit_conflict",
  backup_gone: "backup_gone",
  disk_full: "disk_full",
};

/** That files could not be made what a person asked for. */
export const fileRefusal = ({ fault, message }: FileRefused): Refusal =>
  new Refusal(CODES[fault] ?? "edit_refused", message);

/** The same of an edit that was begun. */
export const untouchedRefusal = ({ refused, fault }: Untouched): Refusal =>
  refused === null ? new Refusal("edit_refused", fault) : fileRefusal(refused);

type Untouched = Extract<Outcome, { state: "untouched" }>;
