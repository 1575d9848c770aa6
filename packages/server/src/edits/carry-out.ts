import type { Clock } from "@mainstay/sdk/clock";
import type { EditPlan } from "../files/files.ts";
import type { NewId } from "../kernel/ids.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import type { Guard, Store } from "../store/store.ts";
import type { EditFiles } from "./edit-files.ts";
import { beganWrites, endedWrites, type NewEdit } from "./on-record.ts";
import { type Outcome, perform } from "./perform.ts";
import type { Underway } from "./underway.ts";

export interface CarryOutParts {
  readonly store: Store;
  readonly files: EditFiles;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly underway: Underway;
}

/**
 * Does an edit that a person asked for: intent on record, files, result on record.
 *
 * @returns null where a guard did not hold; nothing was done then
 * @throws StoreFault: without a result on record what became of it is looked up later
 */
export function carryOut(
  { store, files, clock, underway }: CarryOutParts,
  edit: Omit<NewEdit, "record">,
  root: WorkspaceRoot,
  plan: EditPlan,
  guards: readonly Guard[],
): Promise<Outcome | null> {
  return underway.watch(plan.edit_id, done());

  async function done(): Promise<Outcome | null> {
    const writes = beganWrites(store, clock.now(), { ...edit, record: plan });
    const begun = await store.commit({ guards, writes });
    if (!begun.committed) return null;
    const outcome: Outcome =
      plan.steps.length === 0
        ? { state: "applied", fault: null }
        : await perform(files, root, plan);
    const { state, fault } = outcome;
    const ended = { edit_id: plan.edit_id, person_id: edit.person_id, state, fault };
    await store.commit({ writes: endedWrites(store, clock.now(), ended) });
    return outcome;
  }
}
