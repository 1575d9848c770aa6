import type { Pause } from "@mainstay/sdk/pause";
import { oneLine } from "../terminal/escape.ts";

/** `commands are paused by owner since 2026-11-22 21:40 UTC: a key leaked` */
export function pauseLine({ scope, by, since, reason }: Pause): string {
  const what = scope === "commands" ? "commands are paused" : "paused";
  const when = `${since.slice(0, 16).replace("T", " ")} UTC`;
  return `${what} by ${oneLine(by)} since ${when}${reason === null ? "" : `: ${oneLine(reason)}`}`;
}
