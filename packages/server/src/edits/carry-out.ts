import type { Clock } from "@mainstay/sdk/clock";
import type { Edit } from "@mainstay/sdk/edits";
import type { EditPlan } from "../files/files.ts";
import { StoreFault } from "../kernel/errors.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import type { Guard, Store } from "../store/store.ts";
import type { EditFiles } from "./edit-files.ts";
import { editResource, editRows } from "./edit-rows.ts";
import { beganWrites, endedWrites, type NewEdit } from "./on-record.ts";
import { type Outcome, perform } from "./perform.ts";
import type { Underway } from "./underway.ts";

export interface CarryOutParts {
  readonly store: Store;
  readonly files: EditFiles;
  readonly clock: Clock;
  readonly underway: Underway;
  /** Told before files are changed: what a command changes there meanwhile is not told apart from it. */
  readonly touched: (root: WorkspaceRoot) => void;
}

/**
 * Does an edit that a person asked for: intent on record, files, result on record.
 *
 * @returns null where a guard did not hold; nothing was done then
 * @throws StoreFault when nothing was done. Once the files are done it says so, also where that cannot be put
 * on record: the settler does it later
 */
export function carryOut(
  { store, files, clock, underway, touched }: CarryOutParts,
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
    const outcome = await performed();
    return (await isRecorded(outcome)) ? outcome : { ...outcome, fault: unrecorded(outcome) };
  }

  async function performed(): Promise<Outcome> {
    if (plan.steps.length === 0) return { state: "applied", fault: null };
    touched(root);
    return perform(files, root, plan);
  }

  async function isRecorded({ state, fault }: Outcome): Promise<boolean> {
    const ended = { edit_id: plan.edit_id, person_id: edit.person_id, state, fault };
    try {
      await store.commit({ writes: endedWrites(store, clock.now(), ended) });
      return true;
    } catch (unwritten) {
      if (unwritten instanceof StoreFault) return false;
      throw unwritten;
    }
  }

  function unrecorded({ state, fault }: Outcome): string {
    const said = fault === null ? "" : `${fault}; `;
    const how = state === "applied" ? "it was done" : `it is ${state}`;
    return `${said}${how}, and ${plan.edit_id} is put on record as such when the store takes writes again`;
  }
}

/** The edit as it came out, whether its row has it already or not. */
export async function editAs(
  store: Store,
  edit_id: string,
  { state, fault }: Outcome,
): Promise<Edit> {
  const [row] = await store.query(editRows(store).where("edit.id", "=", edit_id));
  return editResource({ ...row!, state, fault });
}
