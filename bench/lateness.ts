import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Clock } from "@mainstay/sdk/clock";
import type { Sample } from "./sample.ts";

const LOADED_FIRST = pathToFileURL(join(import.meta.dirname, "loop-delay.ts")).href;
/** What a server writes last it writes at the end of this. */
const WRITTEN_AFTER_MS = 500;

const fileIn = (home: string): string => join(home, "loop-delays");

/** With these a server in `home` notes how late its event loop is. */
export const notingLateness = (home: string): Record<string, string> => ({
  NODE_OPTIONS: `--import=${LOADED_FIRST}`,
  BENCH_LOOP_DELAYS: fileIn(home),
});

/** How late the server's event loop was between two wall times. */
export async function latenessOf(
  home: string,
  { from, to }: { from: number; to: number },
  clock: Clock,
): Promise<Sample> {
  await clock.sleep(WRITTEN_AFTER_MS);
  return readFileSync(fileIn(home), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").map(Number))
    .flatMap(([at, late_ms]) => (at! >= from && at! <= to ? [late_ms!] : []));
}
