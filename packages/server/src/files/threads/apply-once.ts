import type { Applied, EditPlan, EditRecord, Settled } from "../edit.ts";
import { FileRefused } from "../refused.ts";
import { howLeft } from "../transaction/told.ts";
import type { Root } from "../walk.ts";
import type { Pool } from "./pool.ts";
import { Unanswered } from "./thread.ts";
import { recordOf } from "./transfer.ts";

/**
 * F3. Where its thread was lost for another folder's sake, or broke, it is settled in a new one: it is
 * in no system call there (T2).
 * @throws FileRefused "unanswered" when nobody can say what became of it; settle it later
 */
export async function applyOnce(pool: Pool, root: Root, plan: EditPlan): Promise<Applied> {
  try {
    return await pool.ask(root.path, "apply", root, plan);
  } catch (fault) {
    if (!(fault instanceof Unanswered)) throw fault;
    return endOf(await settled(pool, root, recordOf(plan)), fault.message);
  }
}

async function settled(pool: Pool, root: Root, record: EditRecord): Promise<Settled> {
  try {
    return await pool.ask(root.path, "settle", root, record);
  } catch (cause) {
    const paths = record.steps.map(({ path }) => path).join(", ");
    throw new FileRefused(
      "unanswered",
      `the disk of ${JSON.stringify(root.path)} does not answer; whether ${paths} changed is not known yet`,
      { cause },
    );
  }
}

function endOf(settled: Settled, why: string): Applied {
  switch (settled.state) {
    case "applied":
      return { unconfirmed: null };
    case "untouched":
      throw new FileRefused(
        "disk_fault",
        `the edit was interrupted (${why}); ${howLeft(settled)}; try again`,
      );
    case "torn":
      throw new FileRefused("torn", settled.fault);
  }
}
