import type { Clock } from "@mainstay/sdk/clock";
import type { Usage } from "@mainstay/sdk/turn";
import type { Availability } from "../../kernel/model-board.ts";
import type { Random } from "../../kernel/random.ts";
import { afterFault, afterProbe, afterSuccess, type Breaker, trip } from "../policy/breaker.ts";
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
import { readRates } from "../policy/rate-headers.ts";
import type { Target } from "../target.ts";
import type { Heard } from "./attempt.ts";
import { credentialKey, freshHealth, type Health, type Member, observe } from "./member.ts";
import type { Standing } from "./next-try.ts";
import { askOf, createStandings, RETURNING_LOOK_MS } from "./standing.ts";

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

  const { standing, barred, isSoonFree, available } = createStandings({
    ...{ clock, members, paused, healthOf, credentialOf },
  });

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
