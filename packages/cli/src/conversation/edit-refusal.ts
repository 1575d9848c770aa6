import type { ProblemError } from "@mainstay/sdk/call";
import { problemLines } from "../faults.ts";
import type { Screen } from "../terminal/screen.ts";
import { diffLines } from "./diff-lines.ts";

/** Why files are left as they are; of a conflict also what came later, as a diff. */
export function tellRefusal({ problem }: ProblemError, screen: Screen): void {
  if (problem.code !== "edit_conflict") {
    problemLines(problem).forEach((line) => screen.note(line, "bad"));
    return;
  }
  screen.note(problem.title, "bad");
  for (const { text, tone } of diffLines(problem.detail)) screen.note(text, tone);
}
