import type { Clock } from "@mainstay/sdk/clock";
import type { ModelRequest } from "../../kernel/model.ts";
import type { Actor } from "../../kernel/lifecycle.ts";
import { requestTokens } from "../estimate.ts";
import { needsProbe } from "../policy/breaker.ts";
import { AttemptFault } from "../policy/codes.ts";
import { needsRecheck } from "../policy/credential.ts";
import { anyCall, type RateAsk } from "../policy/rate-ask.ts";
import { readRates } from "../policy/rate-headers.ts";
import { attempt, type AttemptHow, type Heard, nothingHeard } from "./attempt.ts";
import { credentialKey, type Member, type Pool } from "./pool.ts";

const LOOK_EVERY_MS = 500;
const PROBE_DEADLINES = { first_token_ms: 30_000, between_ms: 10_000, total_ms: 40_000 };
const LOCAL_FIRST_TOKEN_MS = 180_000;

const PROBE: ModelRequest = {
  turn_id: "probe",
  said: "",
  messages: [{ role: "user", text: "Reply with the word OK." }],
  tools: [],
  model: null,
  waiting: () => undefined,
  check: () => null,
};
const PROBE_ASK: RateAsk = { prompt_tokens: requestTokens(PROBE), reply_tokens: 0 };

export interface ProberParts {
  readonly pool: Pool;
  readonly clock: Clock;
}

/**
 * Asks targets that nobody is sent to, so that no person finds out whether they are well again.
 *
 * 1. One probe of a target at a time, and none of a key that another probe is trying.
 * 2. A probe is a real call, as small as one can be, within the target's rate.
 * 3. There is a timer only while a target is away.
 * 4. After `stop` has resolved no probe is under way.
 */
export function createProber({ pool, clock }: ProberParts): Actor {
  let live = false;
  let disarm: () => void = () => undefined;
  let unsubscribe: () => void = () => undefined;
  let away = new AbortController();
  const under_way = new Map<string, Promise<void>>();
  /** Whose rate was used up when it was looked at last. */
  let waited_for = new Set<string>();

  function look(): void {
    disarm();
    if (!live) return;
    const now = clock.monotonic();
    const members = pool.members();
    for (const member of members) if (isDue(member, now)) begin(member);
    tellWhoIsFree(members);
    if (members.some(isAway)) disarm = clock.after(LOOK_EVERY_MS, look);
  }

  function isDue(member: Member, now: number): boolean {
    if (pool.isPaused(member.target.provider)) return false;
    const credential = pool.credential(member.target);
    if (credential.state === "retired") return needsRecheck(credential, now);
    return needsProbe(pool.health(member.key).breaker, now);
  }

  const isAway = (member: Member): boolean =>
    pool.credential(member.target).state === "retired" ||
    pool.health(member.key).breaker.state !== "closed" ||
    waited_for.has(member.key);

  /** Who parked because all rates were used up hears when one is free again. */
  function tellWhoIsFree(members: readonly Member[]): void {
    const used_up = members.filter(({ key }) => {
      const readiness = pool.health(key).pacing.ready(anyCall);
      return !readiness.ready && readiness.in_ms > 0 && !readiness.never;
    });
    const before = waited_for;
    waited_for = new Set(used_up.map(({ key }) => key));
    for (const member of members)
      if (before.has(member.key) && !waited_for.has(member.key)) pool.tell(member);
  }

  function begin(member: Member): void {
    const key = credentialKey(member.target);
    if (under_way.has(key)) return;
    const done = probe(member).finally(() => under_way.delete(key));
    under_way.set(key, done);
  }

  async function probe(member: Member): Promise<void> {
    const place = pool.health(member.key).pacing.reserve(PROBE_ASK);
    if (place === null) return;
    const heard = nothingHeard();
    const fault = await ask(member, heard, (headers) =>
      place.heard(readRates(member.target.type, headers, clock.now())),
    );
    if (away.signal.aborted) return place.release();
    place.settle(null);
    const { target } = member;
    const refusal = fault?.code === "auth" || fault?.code === "payment" ? fault.code : null;
    const was_retired = pool.credential(target).state === "retired";
    if (was_retired && (refusal !== null || fault === null)) pool.rechecked(target, refusal);
    else pool.probed(member, fault, heard);
  }

  /** Null: it answered. */
  async function ask(
    { ask: target, target: { type, is_local } }: Member,
    heard: Heard,
    onHeaders: AttemptHow["onHeaders"],
  ): Promise<AttemptFault | null> {
    const first_token_ms = is_local ? LOCAL_FIRST_TOKEN_MS : PROBE_DEADLINES.first_token_ms;
    const total_ms = PROBE_DEADLINES.total_ms - PROBE_DEADLINES.first_token_ms + first_token_ms;
    const deadlines = { ...PROBE_DEADLINES, first_token_ms, total_ms };
    const how = { deadlines, clock, signal: away.signal, cut: away.signal, heard, onHeaders, type };
    try {
      for await (const part of attempt(target, PROBE, how)) if (part.type === "finish") return null;
      return null;
    } catch (thrown) {
      return thrown instanceof AttemptFault ? thrown : null;
    }
  }

  return {
    start() {
      if (live) return;
      live = true;
      away = new AbortController();
      unsubscribe = pool.onChange(look);
      look();
    },
    async stop() {
      live = false;
      unsubscribe();
      disarm();
      away.abort(new Error("the server stops"));
      await Promise.all(under_way.values());
    },
  };
}
