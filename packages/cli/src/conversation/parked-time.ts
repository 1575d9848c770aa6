import type { JournalEvent } from "@mainstay/sdk/events";
import { oneLine } from "../terminal/escape.ts";
import { span } from "./progress-text.ts";

/** How long a turn was parked, by what its journal tells. Times are wall time, milliseconds. */
export type ParkedTime =
  | { readonly state: "never" }
  | {
      readonly state: "parked";
      readonly since_ms: number;
      readonly waits_for: "model" | "person" | "lift";
      readonly before_ms: number;
    }
  /** `next`: what let it go on the last time, or ended it. */
  | { readonly state: "over"; readonly total_ms: number; readonly next: string };

export const never_parked: ParkedTime = { state: "never" };

/** What is known once this was read, too. */
export function withParking(now: ParkedTime, event: JournalEvent): ParkedTime {
  switch (event.type) {
    case "parked": {
      const waits_for = event.pause ? "lift" : (event.waits_for ?? "model");
      const before_ms = now.state === "over" ? now.total_ms : 0;
      return { state: "parked", since_ms: event.at, waits_for, before_ms };
    }
    case "retried":
      return over(now, event.at, event.after === "wish" ? `was retried by ${event.by}` : BY_ITSELF);
    case "settled":
      if (now.state === "parked") return over(now, event.at, keptOr[event.state]);
      if (now.state !== "over" || now.next !== BY_ITSELF) return now;
      return { ...now, next: event.state === "done" ? "finished by itself" : event.state };
    default:
      return now;
  }
}

const BY_ITSELF = "went on by itself";
const keptOr = { done: "its answer was accepted", failed: "failed", cancelled: "was cancelled" };

function over(now: ParkedTime, at_ms: number, next: string): ParkedTime {
  if (now.state !== "parked") return now;
  return { state: "over", total_ms: now.before_ms + at_ms - now.since_ms, next };
}

/** `parked for 3 min, then finished by itself`; null where it never was, or is now. */
export const parkedText = (time: ParkedTime): string | null =>
  time.state === "over" ? `parked for ${span(time.total_ms)}, then ${oneLine(time.next)}` : null;
