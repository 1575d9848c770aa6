import type { Change, EditPlan } from "../files/files.ts";
import type { NewId } from "../kernel/ids.ts";
import { StoreFault } from "../kernel/errors.ts";
import type { CarryOutParts } from "./carry-out.ts";
import { editedFiles } from "./edit-record.ts";
import type { EditCall, EditEnd, PreparedEdit } from "./edits.ts";
import { beganWrites, endedWrites } from "./on-record.ts";
import { perform } from "./perform.ts";

export interface CallParts extends Omit<CarryOutParts, "touched"> {
  readonly newId: NewId;
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
  if (plan.steps.length === 0) return { summary, diff, effect: null, writes: [], ...nothingToDo };
  return {
    ...{ summary, diff },
    effect: { kind: "edit", edit_id, files: editedFiles(plan.steps) },
    writes: beganWrites(store, clock.now(), newEdit(call, plan)),
    apply: () => underway.watch(edit_id, apply(call, plan)),
    forgo: () => underway.watch(edit_id, forgo(call)),
  };

  async function apply({ workspace, person_id }: EditCall, record: EditPlan): Promise<EditEnd> {
    const { state, fault } = await perform(files, workspace, record);
    const writes = endedWrites(store, clock.now(), { edit_id, person_id, state, fault });
    return state === "applied" ? { state, fault, writes } : { state, fault: fault!, writes };
  }

  async function forgo({ person_id }: EditCall): Promise<void> {
    const ended = { edit_id, person_id, state: "untouched", fault: FORGONE } as const;
    try {
      await store.commit({ writes: endedWrites(store, clock.now(), ended) });
    } catch (fault) {
      // The settler finds nothing done.
      if (!(fault instanceof StoreFault)) throw fault;
    }
  }
}

const FORGONE = "it was called off before it began; nothing was changed";

const nothingToDo = {
  apply: (): Promise<EditEnd> => Promise.resolve({ state: "applied", fault: null, writes: [] }),
  forgo: () => Promise.resolve(),
};

const newEdit = (call: EditCall, plan: EditPlan) => {
  const { turn_id, step, call_id, person_id, intent, workspace } = call;
  return {
    ...{ turn_id, session_id: null, step, call_id, person_id, intent },
    ...{ workspace_id: workspace.id, origin: "call" as const },
    ...{ record: plan, undoes: [] },
  };
};
