import { isoTime, timeOf } from "@mainstay/sdk/clock";
import type { ModelStatus } from "@mainstay/sdk/providers";
import { oneLine } from "../terminal/escape.ts";
import { span } from "./progress-text.ts";

/** Until then people count seconds, later they look at a clock. */
const SOON_MS = 120_000;
const DAY_MS = 86_400_000;

/** How a model stands, and what it did. A key is named only where there are several. */
export function modelLine(
  status: ModelStatus,
  all: readonly ModelStatus[],
  now_ms: number,
): string {
  const { model, credential, until, answered, failed, first_token_ms } = status;
  const several = all.some((other) => other.model === model && other.credential !== credential);
  return [
    `${model}${several ? ` with key ${credential}` : ""}: ${standingOf(status)}`,
    ...(until === null ? [] : [`looked at again ${whenOf(timeOf(until), now_ms)}`]),
    ...(answered + failed === 0 ? [] : [`answered ${answered}, failed ${failed}`]),
    ...(first_token_ms === null ? [] : [`first word after ${Math.round(first_token_ms)} ms`]),
  ]
    .map((text) => oneLine(text))
    .join(", ");
}

/** It is asked now. */
export const isAskable = ({ state }: ModelStatus): boolean =>
  state === "ready" || state === "half_open";

function standingOf({ state, cause }: ModelStatus): string {
  switch (state) {
    case "ready":
      return cause === null ? "ready" : `ready, though ${cause}`;
    case "half_open":
      return cause === null ? "comes back" : `comes back, ${cause}`;
    case "paced":
      return cause ?? "its rate is used up";
    case "open":
    case "retired":
      return cause === null ? "is not asked" : `is not asked, ${cause}`;
  }
}

/** `in 40 s`, `at 08:13 UTC`, and with its date where it is a day away. */
function whenOf(at_ms: number, now_ms: number): string {
  const wait_ms = at_ms - now_ms;
  if (wait_ms <= 0) return "now";
  if (wait_ms < SOON_MS) return `in ${span(Math.ceil(wait_ms / 1000) * 1000)}`;
  const [day, time] = isoTime(at_ms).slice(0, 16).split("T");
  return `at ${wait_ms < DAY_MS ? "" : `${day} `}${time} UTC`;
}
