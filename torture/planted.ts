/**
 * A fault in the server itself: it sends SQLite another statement than it believes. Given as its
 * environment, to the worker thread of its store too.
 */
import { fileURLToPath } from "node:url";

const plant = fileURLToPath(new URL("planted-sql.ts", import.meta.url));

/** In each thread, from the `from`th time on that it sends such a statement. */
export const instead = (of: string, sent: string, from = 1): Record<string, string> => ({
  NODE_OPTIONS: `--import=${plant}`,
  PLANTED_OF: of,
  PLANTED_SENT: sent,
  PLANTED_FROM: String(from),
});
