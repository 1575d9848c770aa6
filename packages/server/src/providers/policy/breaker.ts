import type { Random } from "../../kernel/random.ts";
import { type AttemptCode, traits } from "./codes.ts";

export const breakerDefaults = {
  /** Faults in a row that open it. */
  faults_in_a_row: 3,
  /** Of so many last calls … */
  looks_back: 20,
  /** … where there were at least so many … */
  least_calls: 10,
  /** … this share of faults opens it. */
  fault_share: 0.5,
  /** The first cool-down; each further one is twice as long. */
  first_cool_down_ms: 5_000,
  longest_cool_down_ms: 60_000,
  /** By as much a cool-down may be shorter, so that targets do not come back in step. */
  jitter: 0.25,
  /** Good probes in a row that half-open it. */
  good_probes: 2,
  /** Between two probes of a target that answers. */
  probe_gap_ms: 1_000,
  /** Shares of the calls that a half-open one gets, level by level. */
  shares: [0.1, 0.25, 0.5, 1],
  successes_a_level: 3,
  /** Half-open and unasked for so long, it is probed: where little is asked it must heal, too. */
  idle_probe_ms: 5_000,
  /** One that opens again so soon after it had closed cools down for longer than the last time. */
  remembers_ms: 600_000,
} as const;

/**
 * The circuit breaker of one target. Pure; every time is monotonic, in milliseconds.
 *
 * 1. Nobody is sent to an open one; only a probe, once its time has come.
 * 2. It never closes on one success: probes half-open it, a ramp of shares closes it.
 * 3. What blames the request, the key or nobody changes nothing, but when the next probe is due.
 * 4. Faults of calls that were out when it opened do not lengthen its cool-down.
 */
export type Breaker =
  | {
      readonly state: "closed";
      readonly in_a_row: number;
      /** Whether the last calls failed, oldest first. */
      readonly last: readonly boolean[];
      /** What it was opened for the last time, and how often in short succession; null: never. */
      readonly history: { readonly times: number; readonly closed_at_ms: number } | null;
    }
  | {
      readonly state: "open";
      readonly cause: string;
      /** When it may be probed. */
      readonly until_ms: number;
      /** How often it has opened in short succession. */
      readonly times: number;
      readonly good_probes: number;
    }
  | {
      readonly state: "half_open";
      readonly cause: string;
      readonly level: number;
      /** On this level. */
      readonly successes: number;
      readonly times: number;
      readonly heard_at_ms: number;
      /** Probes in a row that told nothing. */
      readonly vain_probes: number;
    };

type Closed = Extract<Breaker, { state: "closed" }>;

export const closedBreaker: Closed = { state: "closed", in_a_row: 0, last: [], history: null };

/** A silence takes a person's time: one is enough. A model that is not there stays away. */
const opens_at_once: ReadonlySet<AttemptCode> = new Set<AttemptCode>([
  "first_token_timeout",
  "stalled",
  "timed_out",
  "not_found",
]);

/** Whether a call may go there; `share` is drawn only where it counts. */
export function admits(breaker: Breaker, share: Random): boolean {
  if (breaker.state === "half_open") return share() < breakerDefaults.shares[breaker.level]!;
  return breaker.state === "closed";
}

/** Whether a probe is due. */
export function needsProbe(breaker: Breaker, now_ms: number): boolean {
  switch (breaker.state) {
    case "closed":
      return false;
    case "open":
      return now_ms >= breaker.until_ms;
    case "half_open":
      return now_ms >= breaker.heard_at_ms + idleMs(breaker.vain_probes);
  }
}

export function afterSuccess(breaker: Breaker, now_ms: number): Breaker {
  switch (breaker.state) {
    case "closed":
      return { ...breaker, in_a_row: 0, last: withLast(breaker.last, false) };
    case "open":
      return goodProbe(breaker, now_ms);
    case "half_open":
      return nextLevel(breaker, now_ms);
  }
}

export function afterFault(
  breaker: Breaker,
  code: AttemptCode,
  now_ms: number,
  random: Random,
): Breaker {
  if (traits[code].blames !== "target") return breaker;
  if (breaker.state !== "closed") return afterFaultUnclosed(breaker, code, now_ms, random);
  const in_a_row = breaker.in_a_row + 1;
  const last = withLast(breaker.last, true);
  if (opens_at_once.has(code) || in_a_row >= breakerDefaults.faults_in_a_row || failsOften(last))
    return opened(breaker, code, now_ms, random);
  return { ...breaker, in_a_row, last };
}

/** `code` null: it was answered. Whatever it met, the next one is due later: nobody is hammered. */
export function afterProbe(
  breaker: Breaker,
  code: AttemptCode | null,
  now_ms: number,
  random: Random,
): Breaker {
  if (breaker.state === "closed") return breaker;
  if (code === null) return afterSuccess(breaker, now_ms);
  if (traits[code].blames === "target") return opened(breaker, breaker.cause, now_ms, random);
  return afterVainProbe(breaker, now_ms, random);
}

/** Opens it on what somebody else saw coming. */
export const trip = (breaker: Breaker, cause: string, now_ms: number, random: Random): Breaker =>
  breaker.state === "open" ? breaker : opened(breaker, cause, now_ms, random);

type Unclosed = Exclude<Breaker, { state: "closed" }>;

function afterFaultUnclosed(
  breaker: Unclosed,
  code: AttemptCode,
  now_ms: number,
  random: Random,
): Breaker {
  if (breaker.state === "half_open") return opened(breaker, code, now_ms, random);
  return { ...breaker, good_probes: 0 };
}

/** It told nothing of the target. */
function afterVainProbe(breaker: Unclosed, now_ms: number, random: Random): Breaker {
  if (breaker.state === "half_open")
    return { ...breaker, heard_at_ms: now_ms, vain_probes: breaker.vain_probes + 1 };
  const times = breaker.times + 1;
  return { ...breaker, times, until_ms: now_ms + coolDownMs(times, random) };
}

function opened(breaker: Breaker, cause: string, now_ms: number, random: Random): Breaker {
  const times = timesBefore(breaker, now_ms) + 1;
  const until_ms = now_ms + coolDownMs(times, random);
  return { state: "open", cause, until_ms, times, good_probes: 0 };
}

function timesBefore(breaker: Breaker, now_ms: number): number {
  if (breaker.state !== "closed") return breaker.times;
  const { history } = breaker;
  const is_recent =
    history !== null && now_ms - history.closed_at_ms < breakerDefaults.remembers_ms;
  return is_recent ? history.times : 0;
}

function coolDownMs(times: number, random: Random): number {
  const { first_cool_down_ms, longest_cool_down_ms, jitter } = breakerDefaults;
  const whole_ms = Math.min(first_cool_down_ms * 2 ** (times - 1), longest_cool_down_ms);
  return whole_ms * (1 - jitter * random());
}

function idleMs(vain_probes: number): number {
  const { idle_probe_ms, longest_cool_down_ms } = breakerDefaults;
  return Math.min(idle_probe_ms * 2 ** vain_probes, longest_cool_down_ms);
}

function goodProbe(breaker: Extract<Breaker, { state: "open" }>, now_ms: number): Breaker {
  const { cause, times } = breaker;
  const good_probes = breaker.good_probes + 1;
  if (good_probes < breakerDefaults.good_probes)
    return { ...breaker, good_probes, until_ms: now_ms + breakerDefaults.probe_gap_ms };
  const fresh = { level: 0, successes: 0, heard_at_ms: now_ms, vain_probes: 0 };
  return { state: "half_open", cause, times, ...fresh };
}

function nextLevel(breaker: Extract<Breaker, { state: "half_open" }>, now_ms: number): Breaker {
  const { successes_a_level, shares } = breakerDefaults;
  const successes = breaker.successes + 1;
  const heard = { ...breaker, heard_at_ms: now_ms, vain_probes: 0 };
  if (successes < successes_a_level) return { ...heard, successes };
  const level = breaker.level + 1;
  if (level < shares.length) return { ...heard, level, successes: 0 };
  return { ...closedBreaker, history: { times: breaker.times, closed_at_ms: now_ms } };
}

const withLast = (last: readonly boolean[], failed: boolean): readonly boolean[] =>
  [...last, failed].slice(-breakerDefaults.looks_back);

function failsOften(last: readonly boolean[]): boolean {
  const { least_calls, fault_share } = breakerDefaults;
  const faults = last.filter((failed) => failed).length;
  return last.length >= least_calls && faults >= fault_share * last.length;
}
