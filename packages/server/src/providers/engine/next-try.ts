import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { PassedOver } from "@mainstay/sdk/events";
import { type AttemptCode, traits } from "../policy/codes.ts";
import type { Target } from "../target.ts";

/** The longest that a step waits for a rate window instead of parking. */
export const PACING_WAIT_MS = 60_000;

/** Whether a target may be asked right now. */
export type Standing =
  | { readonly at: "ready" }
  /** Its rate is used up until then. */
  | { readonly at: "paced"; readonly in_ms: number; readonly why: string }
  /** It failed lately; `resort_ms` is how long it is still to be left alone. */
  | { readonly at: "open"; readonly resort_ms: number; readonly why: string }
  /** Nothing makes it eligible: its key is refused, an operator paused it, the request is too big. */
  | { readonly at: "shut"; readonly why: string; readonly is_too_large?: true };

export interface Candidate {
  readonly key: string;
  readonly target: Target;
  readonly standing: Standing;
  /** In this step. */
  readonly tries: number;
  readonly last: AttemptCode | null;
  /** Asked in the round that goes on. */
  readonly is_asked: boolean;
}

/** A step so far. */
export interface Progress {
  /** In the order in which they are to be asked. */
  readonly candidates: readonly Candidate[];
  readonly round: 1 | 2;
  /** The first of the order is the person's own wish. */
  readonly is_wish: boolean;
  /** Whether deadline, attempts and cost leave room for another call. */
  readonly may_call: boolean;
  /** Whether the server as a whole may make calls beside the first ones. */
  readonly may_repeat: boolean;
}

export type NextTry =
  | {
      readonly next: "try";
      readonly candidate: Candidate;
      readonly why: string;
      readonly passed_over: PassedOver[];
    }
  /** All have failed: a moment's rest, then those whose fault may have passed are asked once more. */
  | { readonly next: "rest" }
  | {
      readonly next: "wait";
      readonly candidate: Candidate;
      readonly in_ms: number;
      readonly why: string;
    }
  | { readonly next: "give_up" };

/**
 * Decides what a step does next. Pure.
 *
 * 1. What was not asked yet is asked at once, in its order: nobody backs off from one target for the
 *    faults of another.
 * 2. When all have failed there is one more round of those whose fault may have passed.
 * 3. A used-up rate is no fault: where nothing else is left and it is free again soon, it is waited for.
 * 4. Who wishes for a target that failed lately gets it asked: that person may know better.
 * 5. The last target is never ejected: where nothing could be asked at all, the one that is to be left
 *    alone for the shortest is asked all the same.
 */
export function nextTry(progress: Progress): NextTry {
  const { candidates, round, may_call, may_repeat } = progress;
  if (!may_call) return { next: "give_up" };
  const wished = progress.is_wish ? candidates[0] : undefined;
  if (wished?.standing.at === "open" && wished.tries === 0)
    return tryIt(progress, wished, "you asked for it");
  const fresh = candidates.find(isFresh);
  if (fresh !== undefined) return tryIt(progress, fresh, freshWhy(progress, fresh));
  const again = candidates.filter(mayPass);
  if (round === 1 && may_repeat && again.length > 0) return { next: "rest" };
  const second = round === 2 ? again.find(({ is_asked }) => !is_asked) : undefined;
  if (second !== undefined) return tryIt(progress, second, "a second try, after all had failed");
  return paced(progress) ?? lastResort(progress) ?? { next: "give_up" };
}

/** A target that was only too busy is as good as new once its window has reset. */
const isFresh = ({ standing, tries, last }: Candidate): boolean =>
  standing.at === "ready" && (tries === 0 || last === "rate");

const mayPass = ({ standing, last }: Candidate): boolean =>
  standing.at === "ready" && last !== null && traits[last].again;

function freshWhy({ candidates, is_wish }: Progress, fresh: Candidate): string {
  if (fresh.tries > 0) return "its rate is free again";
  if (fresh !== candidates[0]) return "the ones before it could not answer";
  return is_wish ? "you asked for it" : "first in the configured order";
}

/** Only who would be asked once it is free is worth a wait. */
function paced({ candidates, round, may_repeat }: Progress): NextTry | null {
  const isWorth = ({ tries, last, is_asked }: Candidate): boolean =>
    tries === 0 ||
    last === "rate" ||
    (last !== null && traits[last].again && may_repeat && !(round === 2 && is_asked));
  const waits = candidates
    .filter(isWorth)
    .flatMap((candidate) =>
      candidate.standing.at === "paced" && candidate.standing.in_ms <= PACING_WAIT_MS
        ? [{ next: "wait" as const, candidate, ...candidate.standing }]
        : [],
    );
  return leastBy(waits, ({ in_ms }) => in_ms);
}

function lastResort(progress: Progress): NextTry | null {
  const { candidates } = progress;
  if (candidates.some(({ tries }) => tries > 0)) return null;
  const open = candidates.flatMap(({ standing, ...rest }) =>
    standing.at === "open" ? [{ ...rest, standing }] : [],
  );
  const least = leastBy(open, ({ standing }) => standing.resort_ms);
  return least && tryIt(progress, least, "nothing better is left");
}

const tryIt = ({ candidates }: Progress, candidate: Candidate, why: string): NextTry => ({
  ...{ next: "try", candidate, why },
  passed_over: passedOver(candidates, candidate.key),
});

/** What comes before a target in the order, and why it is not asked. */
export function passedOver(candidates: readonly Candidate[], key: string): PassedOver[] {
  const at = candidates.findIndex((candidate) => candidate.key === key);
  return candidates.slice(0, at).map(({ target, standing, last }) => ({
    ...{ provider: target.provider, model: target.model },
    why: last === null ? whyNot(standing) : faultInWords(last),
  }));
}

const whyNot = (standing: Standing): string => (standing.at === "ready" ? "" : standing.why);

function leastBy<T>(items: readonly T[], size: (item: T) => number): T | null {
  return items.reduce<T | null>(
    (least, item) => (least === null || size(item) < size(least) ? item : least),
    null,
  );
}
