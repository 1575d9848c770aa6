import { accessSync, constants } from "node:fs";

/** A fixed list: whoever sets a PATH must not choose the program that builds the sandbox. */
export const BUBBLEWRAP_PATHS = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"] as const;

/** The first that can be run; where none can, the first, which the self-test then misses. */
export function findBubblewrap(isProgram: (path: string) => boolean = canRun): string {
  return BUBBLEWRAP_PATHS.find(isProgram) ?? BUBBLEWRAP_PATHS[0];
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
