import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { messageOf } from "../kernel/errors.ts";
import { type EditPlan, type EditRecord, FileRefused, howLeft } from "../files/files.ts";
import type { EditFiles } from "./edit-files.ts";

/** What became of an edit's files. */
export type Outcome =
  /** `fault`: that the disk did not confirm it. */
  | { readonly state: "applied"; readonly fault: string | null }
  /** `refused`: why; null where it is only known that nothing was done. */
  | {
      readonly state: "untouched";
      readonly fault: string;
      readonly refused: FileRefused | null;
    }
  | { readonly state: "torn"; readonly fault: string };

/** Does all of a plan or nothing. What did not come to a clear end is looked at. Never throws. */
export async function perform(
  files: EditFiles,
  root: WorkspaceRoot,
  plan: EditPlan,
): Promise<Outcome> {
  try {
    return { state: "applied", fault: (await files.apply(root, plan)).unconfirmed };
  } catch (fault) {
    if (!(fault instanceof FileRefused) || fault.fault === "unanswered")
      return await findOut(files, root, plan, messageOf(fault));
    if (fault.fault === "torn") return { state: "torn", fault: fault.message };
    return { state: "untouched", fault: fault.message, refused: fault };
  }
}

/** What became of an edit that nobody saw end: afterwards it is whole or not at all. Never throws. */
export async function findOut(
  files: EditFiles,
  root: WorkspaceRoot,
  { edit_id, steps, folders }: EditRecord,
  cause: string,
): Promise<Outcome> {
  try {
    const found = await files.settle(root, { edit_id, steps, folders });
    switch (found.state) {
      case "applied":
        return { state: "applied", fault: null };
      case "untouched":
        return {
          state: "untouched",
          fault: `${cause}; ${howLeft(found)}`,
          refused: null,
        };
      case "torn":
        return found;
    }
  } catch (fault) {
    const paths = steps.map(({ path }) => path).join(", ");
    return {
      state: "torn",
      fault: `${cause}; what became of ${paths} is not known yet: ${messageOf(fault)}`,
    };
  }
}
