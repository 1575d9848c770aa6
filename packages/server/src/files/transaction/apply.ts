import { unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Backups } from "../backups.ts";
import type { Applied, EditPlan } from "../edit.ts";
import type { Root } from "../walk.ts";
import { removeEmptied } from "./emptied.ts";
import { type Ground, openGround } from "./ground.ts";
import { type Laid, lay } from "./lay.ts";
import { removeLeftover, syncFolders } from "./leftovers.ts";
import { withLocked } from "./locks.ts";
import { retreat } from "./retreat.ts";
import { lastLook, refuseLateWrites, refuseReplaced, switchOver } from "./switch.ts";
import { nothingHappened, withSentence } from "./told.ts";

/**
 * Does an edit: all of its files, or none.
 *
 * P1 A name always has the old bytes or the new ones, whole: they are written beside it, synced, read
 *    back, and take its place in one system call.
 * P2 No original is lost: before the first switch each has a second name in its folder and a durable copy
 *    in the backups. Only when all are switched do the second names go.
 * P3 What somebody else wrote is not overwritten. Each original is read through its second name, looked at
 *    right before its switch, with no wait between, and read again after the last: who wrote into it
 *    meanwhile makes all of it go back. What is new takes no name that somebody has; nor does
 *    what is put back.
 * P4 What fails before the end is taken back in reverse, and nothing of it stays: no file, no
 *    folder. Only a disk that refuses this too leaves an edit torn, and its message says how.
 * P5 Mode and owner stay. What is new, and only that, is given to who shall own it.
 * P6 The workspace's owner may write in each folder, and to each file that is there.
 * P7 All names beside the files come from the edit's id: after a crash `settle.ts` knows them.
 * P8 Of two edits of one path in a thread, the second begins when the first has ended.
 *
 * The record of the plan must be durable before. @throws FileRefused; its message says what is untouched
 */
export async function applyEdit(root: Root, plan: EditPlan, backups: Backups): Promise<Applied> {
  const paths = plan.steps.map(({ path }) => join(root.path, path));
  return withLocked(paths, async () => {
    const ground = openedGround(root, plan);
    try {
      const applied = await confirm(ground, await replaceAll(root, plan, ground, backups));
      for (const path of plan.emptied) removeEmptied(root, path);
      return applied;
    } finally {
      ground.close();
    }
  });
}

function openedGround(root: Root, plan: EditPlan): Ground {
  try {
    return openGround(root, plan);
  } catch (fault) {
    throw withSentence(fault, nothingHappened(plan.steps));
  }
}

async function replaceAll(
  root: Root,
  { contents }: EditPlan,
  ground: Ground,
  backups: Backups,
): Promise<Laid[]> {
  const reached: Laid[] = [];
  try {
    const laid = await lay(ground.spots, contents, backups);
    lastLook(root, ground, laid);
    for (const step of laid) {
      refuseReplaced(step);
      reached.push(step);
      switchOver(step);
    }
    refuseLateWrites(laid);
    return laid;
  } catch (fault) {
    throw await retreat(ground, reached, fault);
  }
}

/** All files have their new content; whatever fails from here on is told and changes nothing. */
async function confirm({ folders }: Ground, laid: readonly Laid[]): Promise<Applied> {
  const left = laid.flatMap(({ spot, original }) =>
    original?.is_linked === true ? removeLeftover(spot.old, spot.step.path, unlinkSync) : [],
  );
  const faults = [...left, ...(await syncFolders(folders))];
  return { unconfirmed: faults.length === 0 ? null : faults.join("; ") };
}
