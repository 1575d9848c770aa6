import type { Stats } from "node:fs";
import { sha256OfFile } from "../bytes.ts";
import type { EditRecord, FileAs, FileStep } from "../edit.ts";
import { FileRefused, refusalOf } from "../refused.ts";
import { type OpenPlace, type Root, openPlace, withRegular } from "../walk.ts";
import { permissions } from "./fresh-file.ts";
import { type Spot, spotIn } from "./ground.ts";
import type { Standing } from "./verdict.ts";

/** Lends the place of a step as it is now; null when the way to it is gone, or another one. */
export async function withSpot<T>(
  root: Root,
  { edit_id, steps }: EditRecord,
  i: number,
  use: (spot: Spot) => T | Promise<T>,
): Promise<T | null> {
  const step = steps[i];
  const place = step === undefined ? null : placeOf(root, step.path);
  if (step === undefined || place === null) return null;
  try {
    return place.missing.length > 0 ? null : await use(spotIn(place.folder, edit_id, step, i));
  } finally {
    place.close();
  }
}

/** Null when the way leads elsewhere by now; the caller closes it. */
export function placeOf(root: Root, path: string): OpenPlace | null {
  try {
    const place = openPlace(root, path, "write");
    if (place.path === path) return place;
    place.close();
    return null;
  } catch (fault) {
    if (fault instanceof FileRefused && ELSEWHERE.has(fault.fault)) return null;
    throw fault;
  }
}

/** Something else has a name on the way: that is seen well enough. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "not_a_folder",
  "not_a_file",
  "outside",
  "conflict",
]);

/** Which side of it a step is at, by content; by mode too where the content is the same. */
export function standingOf(root: Root, step: FileStep): Standing {
  try {
    return { as: placedAs(root, step) };
  } catch (fault) {
    const refused = refusalOf(step.path, fault);
    if (!(refused instanceof FileRefused)) throw refused;
    return ELSEWHERE.has(refused.fault)
      ? { as: "neither" }
      : { as: "unseen", fault: refused.message };
  }
}

function placedAs(root: Root, step: FileStep): Side {
  const place = placeOf(root, step.path);
  if (place === null) return "neither";
  try {
    const { folder, missing, name } = place;
    if (missing.length > 0) return sideOf(step, null);
    return sideOf(
      step,
      withRegular(folder, name, (fd, stat) => ({ sha256: sha256OfFile(fd), stat })),
    );
  } finally {
    place.close();
  }
}

type Side = "before" | "after" | "neither";

interface Found {
  readonly sha256: string;
  readonly stat: Stats;
}

function sideOf(step: FileStep, found: Found | null): Side {
  const by_mode = step.before?.sha256 === step.after?.sha256;
  if (isAs(step.before, found, by_mode)) return "before";
  return isAs(step.after, found, by_mode) ? "after" : "neither";
}

function isAs(wanted: FileAs | null, found: Found | null, by_mode: boolean): boolean {
  if (wanted === null || found === null) return wanted === found;
  const is_mode = permissions(wanted.mode) === permissions(found.stat.mode);
  return wanted.sha256 === found.sha256 && (is_mode || !by_mode);
}
