import type { Clock } from "@mainstay/sdk/clock";
import type { Change, EditPlan } from "../files/files.ts";
import type { NewId } from "../kernel/ids.ts";
import type { Store } from "../store/store.ts";
import type { EditFiles } from "./edit-files.ts";
import { editedFiles } from "./edit-record.ts";
import type { EditCall, EditEnd, PreparedEdit } from "./edits.ts";
import { beganWrites, endedWrites } from "./on-record.ts";
import { perform } from "./perform.ts";
import type { Underway } from "./underway.ts";

export interface CallParts {
  readonly store: Store;
  readonly files: EditFiles;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly underway: Underway;
}

/** Plans an edit of a tool call. Its writes go with the call's events into the turn's journal. */
export async function prepareCall(
  { store, files, clock, newId, underway }: CallParts,
  call: EditCall,
  changes: readonly Change[],
): Promise<PreparedEdit> {
  const edit_id = newId("edit");
  const plan = await files.plan(call.workspace, changes, edit_id);
  const { summary, diff } = plan;
  if (plan.steps.length === 0)
    return { summary, diff, effect: null, writes: [], apply: () => Promise.resolve(nothingToDo) };
  return {
    ...{ summary, diff },
    effect: { kind: "edit", edit_id, files: editedFiles(plan.steps) },
    writes: beganWrites(store, clock.now(), newEdit(call, plan)),
    apply: () => underway.watch(edit_id, apply(call, plan)),
  };

  async function apply({ workspace, person_id }: EditCall, record: EditPlan): Promise<EditEnd> {
    const { state, fault } = await perform(files, workspace, record);
    const writes = endedWrites(store, clock.now(), { edit_id, person_id, state, fault });
    return state === "applied" ? { state, fault, writes } : { state, fault: fault!, writes };
  }
}

const nothingToDo: EditEnd = { state: "applied", fault: null, writes: [] };

const newEdit = (call: EditCall, plan: EditPlan) => {
  const { turn_id, step, call_id, person_id, intent, workspace } = call;
  return {
    ...{ turn_id, session_id: null, step, call_id, person_id, intent },
    ...{ workspace_id: workspace.id, origin: "call" as const },
    ...{ record: plan, undoes: [] },
  };
};
