import { systemClock } from "@mainstay/sdk/clock";
import { limits } from "../../kernel/limits.ts";
import { type BackupsBudget, openBackups } from "../backups.ts";
import { searchBounds } from "../bounds.ts";
import { digestOf } from "../digest.ts";
import type { Change, EditPlan, EditRecord, Restoration } from "../edit.ts";
import { listFolder } from "../list-folder.ts";
import { diffOf } from "../plan/diff-of.ts";
import { planEdit, previewEdit } from "../plan/plan-edit.ts";
import { planRestore } from "../plan/plan-restore.ts";
import { programAt } from "../program.ts";
import { readWindow } from "../read-window.ts";
import { searchReport } from "../search-report.ts";
import { searchText, type TextQuery } from "../search-text.ts";
import { applyEdit } from "../transaction/apply.ts";
import { settleEdit } from "../transaction/settle.ts";
import type { Root } from "../walk.ts";
import type { Wish } from "./pool.ts";
import { serve } from "./serve.ts";
import { buffersOf, handedOver } from "./transfer.ts";

/** What a thread is told when it starts. */
export interface FileThreadData {
  readonly backups: { readonly folder: string; readonly budget: BackupsBudget };
}

/** Kept free of matches for the notes on them. */
const NOTE_CHARS = 500;

/** What is done in a thread, and under which name it is asked for. */
function openWork({ backups: { folder, budget } }: FileThreadData) {
  const backups = openBackups({ folder, budget, clock: systemClock });
  return {
    read: readWindow,
    list: listFolder,
    digest: digestOf,
    program: programAt,
    /** Who asked sets the flag when it is not wanted any more. */
    search(root: Root, query: TextQuery, unwanted: Int32Array): string {
      const isUnwanted = () => Atomics.load(unwanted, 0) !== 0;
      const found = searchText(root, query, searchBounds, systemClock, isUnwanted);
      return searchReport(found, limits.tool_result_chars - NOTE_CHARS);
    },
    plan: (root: Root, changes: readonly Change[], edit_id: string) =>
      handedOver(planEdit(root, changes, edit_id)),
    preview: previewEdit,
    planRestore: (root: Root, back: Restoration, edit_id: string) =>
      handedOver(planRestore(root, back, edit_id, backups)),
    apply: (root: Root, plan: EditPlan) => applyEdit(root, plan, backups),
    settle: (root: Root, record: EditRecord) => settleEdit(root, record, backups),
    diffOf: (record: EditRecord) => diffOf(record, backups),
    prune: backups.prune,
  };
}
export type Work = ReturnType<typeof openWork>;

serve<Wish, unknown>((data) => {
  const work = openWork(data as FileThreadData);
  return async ({ name, given }) => {
    const run = work[name] as (...given: readonly unknown[]) => unknown;
    const answer = await run(...given);
    const is_plan = name === "plan" || name === "planRestore";
    return [answer, is_plan ? buffersOf(answer as EditPlan) : []];
  };
});
