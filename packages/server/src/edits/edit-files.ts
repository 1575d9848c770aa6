import type { EditDiff } from "@mainstay/sdk/edits";
import type { Applied, Change, EditPlan, EditRecord, FileStep, Settled } from "../files/files.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";

/** Of `files/`, what edits are done with. */
export interface EditFiles {
  plan(root: WorkspaceRoot, changes: readonly Change[], edit_id: string): Promise<EditPlan>;
  planRestore(root: WorkspaceRoot, steps: readonly FileStep[], edit_id: string): Promise<EditPlan>;
  apply(root: WorkspaceRoot, plan: EditPlan): Promise<Applied>;
  settle(root: WorkspaceRoot, record: EditRecord): Promise<Settled>;
  diffOf(record: EditRecord): Promise<EditDiff>;
}
