import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { Clock } from "@mainstay/sdk/clock";
import type { Availability } from "../../kernel/model-board.ts";
import type { Random } from "../../kernel/random.ts";
import { admits } from "../policy/breaker.ts";
import type { CredentialState } from "../policy/credential.ts";
import { anyCall, type RateAsk } from "../policy/rate-ask.ts";
import type { Target } from "../target.ts";
import type { Health, Member } from "./member.ts";
import { PACING_WAIT_MS, type Standing } from "./next-try.ts";

/** A target that has just come back and has no healthy neighbour takes 2, 4, 8 … calls at once. */
const RETURNING_CALLS = 2;
export const RETURNING_LOOK_MS = 100;
/** A guess at the length of a reply before any was heard; what was reserved too much comes back. */
const REPLY_TOKENS = 1_000;

/** What a call with such a prompt asks of a rate. */
export const askOf = (prompt_tokens: number): RateAsk => ({
  prompt_tokens,
  reply_tokens: REPLY_TOKENS,
});

type Bar = Exclude<Standing, { at: "ready" }>;

/** How the members of a pool stand now; reads what the pool knows and changes nothing. */
export interface Standings {
  /** `share` decides whether one that is coming back takes this call. */
  standing(member: Member, tokens: number, share: Random): Standing;
  /** What keeps it from being asked, whatever its rate allows. */
  barred(member: Member, share: Random): Bar | null;
  /** Its rate is free, or will be before a step would turn elsewhere. */
  isSoonFree(member: Member): boolean;
  available(): Availability;
}

export interface StandingParts {
  readonly clock: Clock;
  readonly members: readonly Member[];
  readonly paused: (provider: string) => string | null;
  readonly healthOf: (key: string) => Health;
  readonly credentialOf: (target: Target) => CredentialState;
}

export function createStandings(parts: StandingParts): Standings {
  const { clock, members, paused, healthOf, credentialOf } = parts;

  function standing(member: Member, tokens: number, share: Random): Standing {
    const bar = barred(member, share);
    const rate = pacedBy(healthOf(member.key), askOf(tokens));
    if (bar === null) return rate;
    // Also who is tried for want of a better one is not asked before its rate allows.
    return bar.at === "open" && rate.at !== "ready" ? { at: "shut", why: bar.why } : bar;
  }

  function barred(member: Member, share: Random): Bar | null {
    const { target, key } = member;
    const pause = paused(target.provider);
    if (pause !== null) return { at: "shut", why: pause };
    const credential = credentialOf(target);
    if (credential.state === "retired") return { at: "shut", why: faultInWords(credential.cause) };
    return brokenness(member, healthOf(key), share);
  }

  function brokenness(
    member: Member,
    { breaker, in_flight, resorts }: Health,
    share: Random,
  ): Bar | null {
    if (breaker.state === "closed" || (breaker.state === "half_open" && admits(breaker, share)))
      return null;
    if (breaker.state === "open") {
      const why = `it failed lately: ${faultInWords(breaker.cause)}`;
      if (resorts > 0) return { at: "shut", why };
      return { at: "open", resort_ms: breaker.until_ms - clock.monotonic(), why };
    }
    const why = "it has just come back, and takes only a few at once";
    const isNeeded = !members.some((other) => other.key !== member.key && takesCalls(other));
    if (!isNeeded) return { at: "shut", why };
    const takes = RETURNING_CALLS * 2 ** breaker.level;
    return in_flight < takes ? null : { at: "paced", in_ms: RETURNING_LOOK_MS, why };
  }

  function pacedBy({ pacing }: Health, ask: RateAsk): Standing {
    const readiness = pacing.ready(ask);
    if (readiness.ready) return { at: "ready" };
    const { never, in_ms, reason: why } = readiness;
    return never ? { at: "shut", why, is_too_large: true } : { at: "paced", in_ms, why };
  }

  const isHealthy = ({ key, target }: Member): boolean =>
    healthOf(key).breaker.state === "closed" &&
    credentialOf(target).state === "live" &&
    paused(target.provider) === null;

  /** Healthy, and not to be waited for long. */
  const takesCalls = (member: Member): boolean => isHealthy(member) && isSoonFree(member);

  function isSoonFree({ key }: Member): boolean {
    const readiness = healthOf(key).pacing.ready(anyCall);
    return readiness.ready || readiness.in_ms <= PACING_WAIT_MS;
  }

  function available(): Availability {
    if (members.length === 0) return "unconfigured";
    const askable = members.filter(isAskable);
    if (askable.length === 0) return "none";
    return members.every(isHealthy) ? "full" : "reduced";
  }

  function isAskable(member: Member): boolean {
    const { breaker } = healthOf(member.key);
    if (breaker.state === "open" || credentialOf(member.target).state === "retired") return false;
    return paused(member.target.provider) === null && isSoonFree(member);
  }

  return { standing, barred, isSoonFree, available };
}
