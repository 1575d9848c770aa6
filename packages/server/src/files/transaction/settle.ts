import { dirname, join } from "node:path";
import { allEnded } from "../all-ended.ts";
import type { Backups } from "../backups.ts";
import { sha256OfFile } from "../bytes.ts";
import { synced } from "../descriptor.ts";
import type { EditRecord, FileStep, Settled } from "../edit.ts";
import { FileRefused, isErrno, refusalOf } from "../refused.ts";
import { type Root, beneath } from "../walk.ts";
import type { Spot } from "./ground.ts";
import { removeIfPresent, rmdirIfEmpty } from "./leftovers.ts";
import { withLocked } from "./locks.ts";
import { readOld } from "./old-file.ts";
import { layBack, putBack } from "./put-back.ts";
import { placeOf, standingOf, withSpot } from "./scene.ts";
import { type Standing, verdictOn } from "./verdict.ts";

/** A name in a folder that the folder itself is wanted of. */
const ANY_NAME = ".any";

/**
 * Decides an edit that nobody saw the end of: all of it, or nothing.
 *
 * S1 What counts is what the files are now, by their hashes. The record is durable since before the first switch.
 * S2 All that the edit may have left is on the same side, or is brought back to the side before it. Originals come
 *    from their second name where that is whole, else from the backups.
 * S3 A file that is at neither side was changed by somebody since, and stays so.
 * S4 It may be interrupted itself, and called again: nothing that is needed is removed before the files
 *    stand and the disk has confirmed it.
 *
 * Never throws for what a disk or a folder refuses: the edit is torn then, and the fault says what is known.
 */
export async function settleEdit(
  root: Root,
  record: EditRecord,
  backups: Backups,
): Promise<Settled> {
  const paths = record.steps.map(({ path }) => join(root.path, path));
  return withLocked(paths, async () => {
    try {
      return await settle(root, record, backups);
    } catch (fault) {
      return torn(root, record, refusalOf("the edit", fault));
    }
  });
}

async function settle(root: Root, record: EditRecord, backups: Backups): Promise<Settled> {
  const standings = record.steps.map((step) => standingOf(root, step));
  const verdict = verdictOn(standings);
  switch (verdict) {
    case "unknown":
      return { state: "torn", fault: told(record.steps, standings) };
    case "applied":
      await finish(root, record, []);
      return { state: "applied" };
    case "untouched":
    case "take back": {
      const outcomes = await takeBack(root, record, standings, backups);
      const those = (outcome: Outcome) =>
        record.steps.map(({ path }) => path).filter((_, i) => outcomes[i] === outcome);
      const [placeless] = those("placeless");
      if (placeless !== undefined) throw folderGone(placeless);
      await finish(root, record, record.folders);
      return { state: "untouched", taken_back: those("back"), left: those("theirs") };
    }
  }
}

/** What became of a step; "placeless": there is no folder to bring it back to. */
type Outcome = "as before" | "back" | "theirs" | "placeless";

/** By step; in reverse, as the edit itself would have. */
async function takeBack(
  root: Root,
  record: EditRecord,
  standings: readonly Standing[],
  backups: Backups,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = standings.map(({ as }) =>
    as === "before" ? "as before" : as === "after" ? "placeless" : "theirs",
  );
  for (const i of [...outcomes.keys()].toReversed()) {
    if (outcomes[i] !== "placeless") continue;
    const outcome = await withSpot(root, record, i, (spot) => takeBackStep(root, spot, backups));
    if (outcome !== null) outcomes[i] = outcome;
  }
  return outcomes;
}

/** S3 holds also for who was faster than this. @throws FileRefused for what cannot be seen */
async function takeBackStep(root: Root, spot: Spot, backups: Backups): Promise<"back" | "theirs"> {
  const from = await wayBack(spot, backups);
  const now = standingOf(root, spot.step);
  if (now.as === "unseen") throw new FileRefused("disk_fault", now.fault);
  if (now.as !== "after") return "theirs";
  putBack(spot, from);
  return "back";
}

async function wayBack(spot: Spot, backups: Backups): Promise<"old" | "fresh"> {
  const { before, path } = spot.step;
  if (before === null || readOld(spot, sha256OfFile) === before.sha256) return "old";
  const bytes = backups.read(before.sha256);
  if (bytes === null) throw backupGone(path, before.sha256);
  await layBack(spot, bytes);
  return "fresh";
}

/** The names are on the disk; then what lay beside them goes, and of `made` what is empty. */
async function finish(root: Root, record: EditRecord, made: readonly string[]): Promise<void> {
  await syncAll(root, record);
  for (const i of record.steps.keys()) {
    await withSpot(root, record, i, ({ fresh, old }) => [fresh, old].forEach(removeIfPresent));
  }
  for (const path of made.toReversed()) unmake(root, path);
  await syncAll(root, record);
}

function unmake(root: Root, path: string): void {
  const place = placeOf(root, path);
  if (place === null) return;
  try {
    if (place.missing.length === 0) rmdirIfEmpty(beneath(place.folder, place.name));
  } finally {
    place.close();
  }
}

async function syncAll(root: Root, { steps, folders }: EditRecord): Promise<void> {
  const paths = [...steps.map(({ path }) => path), ...folders].map((path) => dirname(path));
  await allEnded([...new Set(paths)].map((path) => syncAt(root, path)));
}

/** What is no folder any more has no names to be confirmed. */
async function syncAt(root: Root, path: string): Promise<void> {
  const place = placeOf(root, join(path, ANY_NAME));
  if (place === null) return;
  try {
    if (place.missing.length === 0) await synced(place.folder.fd);
  } catch (fault) {
    if (!isErrno(fault) || !NO_FOLDER_SYNC.has(fault.code)) throw fault;
  } finally {
    place.close();
  }
}

/** Where the system cannot sync folders at all, there is nothing to be confirmed either. */
const NO_FOLDER_SYNC: ReadonlySet<string> = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP"]);

const folderGone = (path: string) =>
  new FileRefused(
    "absent",
    `${JSON.stringify(path)}: its folder is gone; make it again, and the file is brought back`,
  );

const backupGone = (path: string, sha256: string) =>
  new FileRefused(
    "backup_gone",
    `${JSON.stringify(path)}: what it was before (${sha256}) is not among the backups, or not whole`,
  );

function torn(root: Root, { steps }: EditRecord, fault: unknown): Settled {
  if (!(fault instanceof FileRefused)) throw fault;
  const standings = steps.map((step) => standingOf(root, step));
  return { state: "torn", fault: `${fault.message}. ${told(steps, standings)}` };
}

const told = (steps: readonly FileStep[], standings: readonly Standing[]): string =>
  steps.map(({ path }, i) => `${path}: ${inWords(standings[i])}`).join("; ");

function inWords(standing: Standing = { as: "neither" }): string {
  switch (standing.as) {
    case "before":
      return "as before the edit";
    case "after":
      return "as after the edit";
    case "neither":
      return "changed by somebody since";
    case "unseen":
      return `not to be seen (${standing.fault})`;
  }
}
