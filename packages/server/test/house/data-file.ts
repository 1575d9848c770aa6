import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Longer than a commit of the server takes on a slow disk. */
const BUSY_MS = 20_000;

/** The data beside the server that has it: who writes there waits for its commits. */
export const openData = (home: string): DatabaseSync =>
  new DatabaseSync(join(home, "mainstay.db"), { timeout: BUSY_MS });
