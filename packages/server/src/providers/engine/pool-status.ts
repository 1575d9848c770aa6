import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { Clock } from "@mainstay/sdk/clock";
import type { ModelStatus } from "@mainstay/sdk/providers";
import { isoTime } from "../../kernel/time.ts";
import { anyCall } from "../policy/rate-ask.ts";
import type { Health, Member } from "./member.ts";
import type { Pool } from "./pool.ts";

/** How one member stands, as people are told it. */
export function statusOf(pool: Pool, member: Member, clock: Clock): ModelStatus {
  const { target, key } = member;
  const health = pool.health(key);
  return {
    model: target.model,
    credential: target.credential,
    ...stateOf(pool, member, health, clock),
    answered: health.answered,
    failed: health.failed,
    first_token_ms: median(health.first_token_ms),
  };
}

type State = Pick<ModelStatus, "state" | "cause" | "until">;

function stateOf(pool: Pool, { target }: Member, { breaker, pacing }: Health, clock: Clock): State {
  const at = (mono_ms: number): string =>
    isoTime(Math.round(clock.now() + mono_ms - clock.monotonic()));
  const credential = pool.credential(target);
  if (credential.state === "retired")
    return {
      state: "retired",
      cause: faultInWords(credential.cause),
      until: at(credential.recheck_at_ms),
    };
  if (breaker.state === "open")
    return { state: "open", cause: faultInWords(breaker.cause), until: at(breaker.until_ms) };
  if (breaker.state === "half_open")
    return { state: "half_open", cause: faultInWords(breaker.cause), until: null };
  const readiness = pacing.ready(anyCall);
  if (readiness.ready) return { state: "ready", cause: null, until: null };
  const { in_ms, reason: cause } = readiness;
  const until = Number.isFinite(in_ms) ? at(clock.monotonic() + in_ms) : null;
  return { state: "paced", cause, until };
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle === undefined ? null : Math.round(middle);
}
