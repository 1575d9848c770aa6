import { readlinkSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { readUpTo } from "../bytes.ts";
import { isErrno, refusalOf } from "../refused.ts";
import type { Folder, Root } from "../walk.ts";
import { appeared, movedFolder, replaced } from "./conflict.ts";
import { appear } from "./fresh-file.ts";
import type { Ground, Spot } from "./ground.ts";
import type { Laid } from "./lay.ts";
import { sightingAt } from "./sighting.ts";
import { readOld } from "./old-file.ts";

/** Nothing was changed while the disk wrote: neither the files nor the ways to them. @throws FileRefused */
export function lastLook(root: Root, ground: Ground, laid: readonly Laid[]): void {
  for (const [path, folder] of ground.folders) refuseMoved(root, path, folder);
  laid.forEach(refuseReplaced);
}

/** Puts what was laid in its place. @throws FileRefused when somebody else was faster */
export function switchOver({ spot, original, ours }: Laid): void {
  try {
    if (ours === null) unlinkSync(spot.at);
    else if (original === null) appear(spot.fresh, spot.at);
    else renameSync(spot.fresh, spot.at);
  } catch (fault) {
    throw isErrno(fault) && fault.code === "EEXIST"
      ? appeared(spot.step.path)
      : refusalOf(spot.step.path, fault);
  }
}

/** Who had the original open may have written to it until its name was another file's. @throws FileRefused */
export function refuseLateWrites(laid: readonly Laid[]): void {
  for (const { spot, original } of laid) {
    if (original?.is_linked === true && !isStill(spot, original.bytes))
      throw replaced(spot.step.path);
  }
}

/** A second name that somebody removed says nothing of late writes. */
const isStill = (spot: Spot, bytes: Buffer): boolean =>
  readOld(spot, (fd) => readUpTo(fd, bytes.length + 1).equals(bytes)) !== false;

/** @throws FileRefused when the name leads to anything else than was held */
export function refuseReplaced({ spot, original }: Laid): void {
  const now = sightingAt(spot.at);
  if (now === (original?.sighting ?? null)) return;
  throw original === null ? appeared(spot.step.path) : replaced(spot.step.path);
}

/** By the path that the kernel has for the open folder: also of one that was removed. */
function refuseMoved(root: Root, path: string, { fd }: Folder): void {
  if (readlinkSync(`/proc/self/fd/${fd}`) !== join(root.path, path)) throw movedFolder(path);
}
