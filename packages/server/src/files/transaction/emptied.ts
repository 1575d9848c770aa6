import { FileRefused } from "../refused.ts";
import { type Root, atPlace, beneath, demandOn } from "../walk.ts";
import { rmdirIfEmpty } from "./leftovers.ts";

/**
 * Removes a folder that nothing is in. Nobody is told where it stays, also by a power cut: it keeps
 * nothing and hides nothing.
 */
export function removeEmptied(root: Root, path: string): void {
  try {
    atPlace(root, path, "take", (place) => {
      if (place.path !== path || place.missing.length > 0) return;
      demandOn(place.folder, "write", path);
      rmdirIfEmpty(beneath(place.folder, place.name));
    });
  } catch (fault) {
    if (!(fault instanceof FileRefused)) throw fault;
  }
}
