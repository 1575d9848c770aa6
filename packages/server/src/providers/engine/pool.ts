import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { Clock } from "@mainstay/sdk/clock";
import type { Usage } from "@mainstay/sdk/turn";
import type { Availability } from "../../kernel/model-board.ts";
import type { Random } from "../../kernel/random.ts";
import {
  admits,
  afterFault,
  afterProbe,
  afterSuccess,
  type Breaker,
  trip,
} from "../policy/breaker.ts";
import { type AttemptCode, AttemptFault, traits } from "../policy/codes.ts";
import {
  afterRecheck,
  afterRefusal,
  type CredentialState,
  liveCredential,
  type Recheck,
} from "../policy/credential.ts";
import { type Deadlines, deadlinesFor } from "../policy/deadlines.ts";
import type { Pacing, Reservation } from "../policy/pacing.ts";
import { anyCall, type RateAsk } from "../policy/rate-ask.ts";
import { readRates } from "../policy/rate-headers.ts";
import type { Target } from "../target.ts";
import type { Heard } from "./attempt.ts";
import { credentialKey, freshHealth, type Health, type Member, observe } from "./member.ts";
import { PACING_WAIT_MS, type Standing } from "./next-try.ts";

/** A target that has just come back and has no healthy neighbour takes 2, 4, 8 … calls at once. */
const RETURNING_CALLS = 2;
const RETURNING_LOOK_MS = 100;
/** A guess at the length of a reply before any was heard; what was reserved too much comes back. */
const REPLY_TOKENS = 1_000;
const askOf = (prompt_tokens: number): RateAsk => ({ prompt_tokens, reply_tokens: REPLY_TOKENS });

type Headers = Readonly<Record<string, string>>;

/** A call that is under way: the first of `answered`, `failed` and `cancelled` counts. */
export interface Begun {
  /** Aborted with a fault when an operator wants it ended. */
  readonly cut: AbortSignal;
  /** The headers of its answer have come. */
  heard(headers: Headers): void;
  answered(heard: Heard, usage: Usage): void;
  failed(fault: AttemptFault): void;
  cancelled(): void;
  /** Nobody listened to its end: whatever it took counts. */
  end(): void;
}

export interface Pool {
  add(member: Member, pacing: Pacing, breaker: Breaker): void;
  /** In the order in which they are asked. */
  members(): readonly Member[];
  member(key: string): Member;
  health(key: string): Health;
  credential(target: Target): CredentialState;
  /** `share` decides whether one that is coming back takes this call. */
  standing(member: Member, tokens: number, share: Random): Standing;
  deadlines(member: Member, how: { has_alternative: boolean; is_last_resort: boolean }): Deadlines;
  /** Resolves when it may be asked; with a place in its rate that is already taken, or null. @throws the signal's reason */
  free(member: Member, tokens: number, signal: AbortSignal): Promise<Reservation | null>;
  /** Null where there is no place in its rate any more. */
  begin(member: Member, tokens: number, taken: Reservation | null): Begun | null;
  /** A step came to nothing: what it met is worse than one call shows. */
  gaveUp(faults: ReadonlyMap<string, AttemptFault>): void;
  /** A probe was answered, or met this. */
  probed(member: Member, fault: AttemptFault | null, heard: Heard): void;
  /** A key was looked at again. */
  rechecked(target: Target, told: Recheck): void;
  restoreCredential(target: Target, state: CredentialState): void;
  isPaused(provider: string): boolean;
  /** Ends what a provider is being asked; the steps go on elsewhere. */
  cutOff(provider: string, why: string): void;
  available(): Availability;
  /** Tells all listeners that a target stands otherwise. */
  tell(member: Member): void;
  /** Hears whenever a target stands otherwise. Returns the call that ends the subscription. */
  onChange(listener: (member: Member) => void): () => void;
}

export interface PoolParts {
  readonly clock: Clock;
  readonly random: Random;
  /** In words why an operator does not want it asked; null: nobody paused it. */
  readonly paused: (provider: string) => string | null;
}

/** What is known of the targets, and shared by all steps. Policies decide; this only keeps their states. */
export function createPool({ clock, random, paused }: PoolParts): Pool {
  const members: Member[] = [];
  const healths = new Map<string, Health>();
  const credentials = new Map<string, CredentialState>();
  const listeners = new Set<(member: Member) => void>();
  /** What can be cut off, each with its provider. */
  const under_way = new Map<AbortController, string>();

  const healthOf = (key: string): Health => {
    const health = healths.get(key);
    if (health === undefined) throw new Error(`the pool has no ${key}`);
    return health;
  };

  function changed(member: Member): void {
    for (const listener of listeners) listener(member);
  }

  function setBreaker(member: Member, next: Breaker): void {
    const health = healthOf(member.key);
    const before = health.breaker;
    health.breaker = next;
    if (stageOf(before) !== stageOf(next)) changed(member);
  }

  function setCredential(target: Target, next: CredentialState): void {
    const key = credentialKey(target);
    const before = credentialOf(target);
    credentials.set(key, next);
    if (before === next) return;
    for (const member of members) if (credentialKey(member.target) === key) changed(member);
  }

  const credentialOf = (target: Target): CredentialState =>
    credentials.get(credentialKey(target)) ?? liveCredential;

  function standing(member: Member, tokens: number, share: Random): Standing {
    const bar = barred(member, share);
    const rate = pacedBy(healthOf(member.key), askOf(tokens));
    if (bar === null) return rate;
    // Also who is tried for want of a better one is not asked before its rate allows.
    return bar.at === "open" && rate.at !== "ready" ? { at: "shut", why: bar.why } : bar;
  }

  /** What keeps it from being asked, whatever its rate allows. */
  function barred(member: Member, share: Random): Exclude<Standing, { at: "ready" }> | null {
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
  ): Exclude<Standing, { at: "ready" }> | null {
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

  async function free(
    member: Member,
    tokens: number,
    signal: AbortSignal,
  ): Promise<Reservation | null> {
    const { breaker, pacing } = healthOf(member.key);
    if (breaker.state === "half_open") {
      await clock.sleep(RETURNING_LOOK_MS, signal);
      return null;
    }
    const place = await pacing.wait(askOf(tokens), signal);
    if (place === null || barred(member, () => 0) === null) return place;
    // It failed, or was paused, while it was waited for.
    place.release();
    return null;
  }

  function begin(member: Member, tokens: number, taken: Reservation | null): Begun | null {
    const health = healthOf(member.key);
    const { pacing } = health;
    const place = taken ?? pacing.reserve(askOf(tokens));
    if (place === null) return null;
    const cut = new AbortController();
    let is_open = true;
    const resorts = health.breaker.state === "open" ? 1 : 0;
    health.in_flight += 1;
    health.resorts += resorts;
    under_way.set(cut, member.target.provider);

    function once(then: () => void): void {
      if (!is_open) return;
      is_open = false;
      health.in_flight -= 1;
      health.resorts -= resorts;
      under_way.delete(cut);
      then();
    }

    const rates = (headers: Headers) => readRates(member.target.type, headers, clock.now());

    return {
      cut: cut.signal,
      heard(headers) {
        place.heard(rates(headers));
        tellRate(member);
      },
      answered: (heard, usage) =>
        once(() => {
          place.settle(usage);
          observe(health, heard);
          health.answered += 1;
          setBreaker(member, afterSuccess(health.breaker, clock.monotonic()));
        }),
      failed: (fault) =>
        once(() => {
          place.settle(null, rates(fault.headers));
          health.failed += 1;
          blame(member, fault);
          tellRate(member);
        }),
      cancelled: () => once(() => place.settle(null)),
      end: () => once(() => place.settle(null)),
    };
  }

  function blame(member: Member, fault: AttemptFault): void {
    const { code } = fault;
    const health = healthOf(member.key);
    const now = clock.monotonic();
    if (code === "rate") {
      health.pacing.afterRate(fault.retry_after_ms);
      changed(member);
    }
    if (code === "auth" || code === "payment")
      setCredential(member.target, afterRefusal(credentialOf(member.target), code, now));
    setBreaker(member, afterFault(health.breaker, code, now, random));
  }

  /** A rate that is used up, or free again, is news. */
  function tellRate(member: Member): void {
    const health = healthOf(member.key);
    const is_free = isSoonFree(member);
    if (is_free === health.is_free) return;
    health.is_free = is_free;
    changed(member);
  }

  function gaveUp(faults: ReadonlyMap<string, AttemptFault>): void {
    for (const [key, { code }] of faults) {
      if (!absences.has(code)) continue;
      setBreaker(member(key), trip(healthOf(key).breaker, code, clock.monotonic(), random));
    }
  }

  function probed(member: Member, fault: AttemptFault | null, heard: Heard): void {
    const health = healthOf(member.key);
    const { breaker } = health;
    observe(health, heard);
    if (fault !== null && traits[fault.code].blames !== "target") blame(member, fault);
    setBreaker(member, afterProbe(breaker, fault?.code ?? null, clock.monotonic(), random));
  }

  function member(key: string): Member {
    const known = members.find((each) => each.key === key);
    if (known === undefined) throw new Error(`the pool has no ${key}`);
    return known;
  }

  return {
    add(added, pacing, breaker) {
      healths.set(added.key, freshHealth(pacing, breaker));
      members.push(added);
      changed(added);
    },
    members: () => members,
    member,
    health: healthOf,
    credential: credentialOf,
    standing,
    deadlines: ({ key, target }, { has_alternative, is_last_resort }) => {
      const { breaker, first_token_ms, between_ms } = healthOf(key);
      // Where there is no other, a hasty end would only park; but no person waits a minute for a dead one.
      const hurries = has_alternative || (is_last_resort && !target.is_local);
      return deadlinesFor(target, {
        has_alternative: hurries,
        suspect: has_alternative && breaker.state !== "closed",
        observed: { first_token_ms, between_ms },
      });
    },
    free,
    begin,
    gaveUp,
    probed,
    rechecked: (target, told) =>
      setCredential(target, afterRecheck(credentialOf(target), told, clock.monotonic())),
    restoreCredential: (target, state) => credentials.set(credentialKey(target), state),
    cutOff(provider, why) {
      for (const [cut, of] of under_way)
        if (of === provider) cut.abort(new AttemptFault("cancelled", why));
    },
    isPaused: (provider) => paused(provider) !== null,
    available,
    tell: changed,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** What others need to hear of: a count of faults is not. */
const stageOf = (breaker: Breaker): string =>
  breaker.state === "half_open" ? `half_open ${breaker.level}` : breaker.state;

/** It was not there for anybody; an unfit reply may be due to one person's request alone. */
const absences: ReadonlySet<AttemptCode> = new Set<AttemptCode>([
  "connect",
  "first_token_timeout",
  "stalled",
  "timed_out",
  "overload",
  "server_error",
  "malformed",
  "cut",
]);
