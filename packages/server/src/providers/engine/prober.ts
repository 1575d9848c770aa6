import type { Clock } from "@mainstay/sdk/clock";
import type { Usage } from "@mainstay/sdk/turn";
import type { ModelRequest } from "../../kernel/model.ts";
import type { Actor } from "../../kernel/lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import { requestTokens, type ToldUsage, usageOf } from "../estimate.ts";
import { needsProbe } from "../policy/breaker.ts";
import { AttemptFault } from "../policy/codes.ts";
import { needsRecheck, type Recheck } from "../policy/credential.ts";
import { anyCall, type RateAsk } from "../policy/rate-ask.ts";
import type { Reservation } from "../policy/pacing.ts";
import { readRates } from "../policy/rate-headers.ts";
import { attempt, type AttemptHow, type Heard, nothingHeard } from "./attempt.ts";
import { credentialKey, type Member } from "./member.ts";
import { type Pool } from "./pool.ts";

const LOOK_EVERY_MS = 500;
const PROBE_DEADLINES = { first_token_ms: 30_000, between_ms: 10_000, total_ms: 40_000 };
const LOCAL_FIRST_TOKEN_MS = 180_000;
const OUTPUT_TOKENS = 16;
/** Who thinks first would be cut off, and some refuse that; who refuses any bound is given none. */
const REASONING_OUTPUT_TOKENS = 256;

export const PROBE_TEXT = "Reply with the word OK.";

const PROBE: ModelRequest = {
  turn_id: "probe",
  said: "",
  messages: [{ role: "user", text: PROBE_TEXT }],
  tools: [],
  model: null,
  waiting: () => undefined,
  check: () => null,
};
const PROBE_TOKENS = requestTokens(PROBE);

export interface ProberParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Pick<Log, "info">;
}

/** How a probe ended. */
interface Ended {
  /** Null: it was answered. */
  readonly fault: AttemptFault | null;
  readonly told: ToldUsage | null;
}

/**
 * Asks targets that nobody is sent to, so that no person finds out whether they are well again. What that
 * takes is on nobody's bill, because nobody asked: the log has it.
 *
 * 1. One probe of a target at a time, and none of a key that another probe is trying.
 * 2. A probe is a real call, as small as one can be, within the target's rate.
 * 3. Whatever it meets, the next one is due later; a key is rechecked with one of its models after the other.
 * 4. There is a timer only while a target is away.
 * 5. After `stop` has resolved no probe is under way.
 */
export function createProber({ pool, clock, log }: ProberParts): Actor {
  let live = false;
  let disarm: () => void = () => undefined;
  let unsubscribe: () => void = () => undefined;
  let away = new AbortController();
  const under_way = new Map<string, Promise<void>>();
  /** Which probe was the last of each target. */
  const asked = new Map<string, number>();
  let probes = 0;
  /** Who called a probe a bad request: its bound may have been what was bad. */
  const unbounded = new Set<string>();
  /** Whose rate was used up when it was looked at last. */
  let waited_for = new Set<string>();

  function look(): void {
    disarm();
    if (!live) return;
    const now = clock.monotonic();
    const members = pool.members();
    for (const member of members.filter((each) => isDue(each, now)).toSorted(byTurn)) begin(member);
    tellWhoIsFree(members);
    if (members.some(isAway)) disarm = clock.after(LOOK_EVERY_MS, look);
  }

  function isDue(member: Member, now: number): boolean {
    if (pool.isPaused(member.target.provider)) return false;
    const credential = pool.credential(member.target);
    if (credential.state === "retired") return needsRecheck(credential, now);
    return needsProbe(pool.health(member.key).breaker, now);
  }

  const byTurn = (a: Member, b: Member): number =>
    (asked.get(a.key) ?? 0) - (asked.get(b.key) ?? 0);

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
    const bound = boundOf(member);
    const ask: RateAsk = { prompt_tokens: PROBE_TOKENS, reply_tokens: bound ?? OUTPUT_TOKENS };
    const place = pool.health(member.key).pacing.reserve(ask);
    if (place === null) return;
    asked.set(member.key, ++probes);
    const done = probe(member, place, bound).finally(() => under_way.delete(key));
    under_way.set(key, done);
  }

  function boundOf({ key, target }: Member): number | undefined {
    if (unbounded.has(key)) return undefined;
    return target.is_reasoning ? REASONING_OUTPUT_TOKENS : OUTPUT_TOKENS;
  }

  async function probe(
    member: Member,
    place: Reservation,
    max_output_tokens: number | undefined,
  ): Promise<void> {
    const heard = nothingHeard();
    const onHeaders: AttemptHow["onHeaders"] = (headers) =>
      place.heard(readRates(member.target.type, headers, clock.now()));
    const ended = await ask(member, { heard, onHeaders, max_output_tokens });
    if (away.signal.aborted) return place.release();
    const took = heard.has_answer ? tookBy(ended, heard) : null;
    place.settle(ended.fault === null ? took : null);
    report(member, ended, took);
    hear(member, ended, heard);
  }

  function hear(member: Member, { fault }: Ended, heard: Heard): void {
    if (fault?.code === "rejected") unbounded.add(member.key);
    const told = toldOfKey(fault);
    const was_retired = pool.credential(member.target).state === "retired";
    if (was_retired) pool.rechecked(member.target, told);
    if (!was_retired || told === "nothing") pool.probed(member, fault, heard);
  }

  function report({ target }: Member, { fault }: Ended, took: Usage | null): void {
    const { provider, model } = target;
    log.info({ provider, model, met: fault?.code ?? null, ...took }, `${provider} was probed`);
  }

  async function ask(
    { ask: target, target: { type, is_local } }: Member,
    given: Pick<AttemptHow, "heard" | "onHeaders" | "max_output_tokens">,
  ): Promise<Ended> {
    const first_token_ms = is_local ? LOCAL_FIRST_TOKEN_MS : PROBE_DEADLINES.first_token_ms;
    const total_ms = PROBE_DEADLINES.total_ms - PROBE_DEADLINES.first_token_ms + first_token_ms;
    const limits = { ...PROBE_DEADLINES, first_token_ms, total_ms };
    const deadlines = () => limits;
    const how = { ...given, deadlines, clock, signal: away.signal, cut: away.signal, type };
    try {
      for await (const part of attempt(target, PROBE, how))
        if (part.type === "finish") return { fault: null, told: part.usage };
      return { fault: null, told: null };
    } catch (thrown) {
      return { fault: thrown instanceof AttemptFault ? thrown : null, told: null };
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

function toldOfKey(fault: AttemptFault | null): Recheck {
  if (fault === null) return "taken";
  return fault.code === "auth" || fault.code === "payment" ? fault.code : "nothing";
}

const tookBy = ({ told }: Ended, { said_bytes }: Heard): Usage =>
  usageOf(told, { input_tokens: PROBE_TOKENS, output_bytes: said_bytes }).usage;
