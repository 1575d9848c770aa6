import { patternLeadsOut, treeLeadsOut } from "./globs.ts";
import { reachOf } from "./operands.ts";
import type { PathDoubt } from "./programs/options.ts";
import type { Scope, Walk } from "./scope.ts";
import type { Field } from "./words.ts";

/** With these words ends the reason of what names a path outside. */
export const LIES_OUTSIDE = "lies outside the workspace";

/** Why a path may not be read from any of the folders where the shell may be. */
export function pathDoubtAt(scope: Scope, walk: Walk): PathDoubt {
  return (field, deep = false) => {
    const { text, written } = field;
    if (field.unknown) return `which file ${written} is, only running it tells`;
    if (text === "/dev/null" || text === "") return null;
    if (scope.folders.unknown) return UNKNOWN_FOLDER;
    for (const folder of scope.folders.paths) {
      if (field.glob && patternLeadsOut(text, folder, walk.root))
        return `${written} may match something outside the workspace`;
      const reach = reachOf(text, folder, walk.root);
      if (reach.kind === "link_out") return `${written} leads out of the workspace through a link`;
      if (reach.kind === "outside") return `${written} ${LIES_OUTSIDE}`;
      if (deep && treeLeadsOut(reach.path, walk.root))
        return `below ${written} a link may lead out of the workspace`;
    }
    return null;
  };
}

export const UNKNOWN_FOLDER = "in which folder it runs, only running it tells";

/** Where a pattern looks for names; what it matches is for the program to judge. */
export function listingDoubt(field: Field, scope: Scope, walk: Walk): string | null {
  if (!field.glob || field.unknown || !field.text.includes("/")) return null;
  return pathDoubtAt(scope, walk)(field);
}

/** Whether the script has fetched this file from the network. */
export const isDownload = (field: Field, scope: Scope, walk: Walk): boolean =>
  walk.downloads.size > 0 &&
  scope.folders.paths.some((folder) =>
    walk.downloads.has(reachOf(field.text, folder, walk.root).path),
  );
