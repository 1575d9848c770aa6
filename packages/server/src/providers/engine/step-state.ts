import type { Clock } from "@mainstay/sdk/clock";
import type { ModelRequest } from "../../kernel/model.ts";
import type { Random } from "../../kernel/random.ts";
import { requestTokens } from "../estimate.ts";
import { beginBudget, mayTry, remainingMs, withAttempt, withCost } from "../policy/budget.ts";
import type { AttemptFault } from "../policy/codes.ts";
import type { Reservation } from "../policy/pacing.ts";
import { routeTargets } from "../route.ts";
import type { CallEnd } from "./call.ts";
import {
  type Candidate,
  nextTry,
  type NextTry,
  PACING_WAIT_MS,
  type Progress,
  type Standing,
} from "./next-try.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./pool.ts";

/** What one step has tried, what it may still try, and the place in a rate that it holds. */
export interface StepState {
  readonly order: readonly Member[];
  progress(): Progress;
  candidate(member: Member): Candidate;
  /** How the target stands for a request of so many tokens. */
  standing(member: Member, tokens: number): Standing;
  beginSecondRound(): void;
  /** The server as a whole makes too many calls beside the first ones. */
  stopRepeating(): void;
  /** A call begins; the place that was waited for goes with it. */
  begin(member: Member): Reservation | null;
  ended(member: Member, end: CallEnd): void;
  /** Of the targets that failed, the last fault of each. */
  faults(): ReadonlyMap<string, AttemptFault>;
  left_ms(): number;
  /** Resolves when something is to be decided anew. @throws the signal's reason */
  waitFor(wait: Extract<NextTry, { next: "wait" }>, signal: AbortSignal): Promise<void>;
  /** Gives back what is held. */
  release(): void;
}

export interface StepStateParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * 1. A step holds one place in a rate at most, and gives it back before it waits for another.
 * 2. A target is waited for once, and no longer than a rate is worth; whatever else may be done meanwhile
 *    ends the wait.
 * 3. Whether a target that is coming back takes a call of this step is drawn once.
 */
export function createStepState(
  { pool, clock, random }: StepStateParts,
  request: ModelRequest,
): StepState {
  const { order, is_wish } = routeTargets(pool.members(), request.model);
  const tokens = requestTokens(request);
  const tried = new Map<string, { tries: number; fault: AttemptFault; in_round: number }>();
  const draws = new Map<string, number>();
  const waited_out = new Set<string>();
  let budget = beginBudget(clock.monotonic());
  let round: 1 | 2 = 1;
  let may_repeat = true;
  let place: { readonly key: string; readonly reservation: Reservation } | null = null;

  function drawOf(key: string): Random {
    const drawn = draws.get(key) ?? random();
    draws.set(key, drawn);
    return () => drawn;
  }

  function standing(member: Member, asked_tokens: number): Standing {
    const { key } = member;
    if (place?.key === key) return { at: "ready" };
    const may = mayTry(budget, key, clock.monotonic());
    if (!may.may) return { at: "shut", why: may.reason };
    const now = pool.standing(member, asked_tokens, drawOf(key));
    return now.at === "paced" && waited_out.has(key) ? { at: "shut", why: now.why } : now;
  }

  function candidate(member: Member): Candidate {
    const { key, target } = member;
    const so_far = tried.get(key);
    return {
      ...{ key, target },
      standing: standing(member, tokens),
      tries: so_far?.tries ?? 0,
      last: so_far?.fault.code ?? null,
      is_asked: so_far?.in_round === round,
    };
  }

  function progress(): Progress {
    const now = clock.monotonic();
    const may_call = order.some(({ key }) => mayTry(budget, key, now).may);
    return { candidates: order.map(candidate), round, is_wish, may_call, may_repeat };
  }

  const left_ms = () => remainingMs(budget, clock.monotonic());

  function release(): void {
    place?.reservation.release();
    place = null;
  }

  async function waitFor(
    { candidate: { key }, in_ms }: Extract<NextTry, { next: "wait" }>,
    signal: AbortSignal,
  ): Promise<void> {
    release();
    const member = pool.member(key);
    const over = new AbortController();
    // What hangs on the end of somebody's call has no time of its own.
    const limit_ms = in_ms === 0 ? left_ms() : Math.min(PACING_WAIT_MS, left_ms());
    const disarm = clock.after(limit_ms, () => {
      waited_out.add(key);
      over.abort();
    });
    const forget = pool.onChange(() => {
      if (nextTry(progress()).next !== "wait") over.abort();
    });
    try {
      const until = AbortSignal.any([signal, over.signal]);
      while (place === null && standing(member, tokens).at === "paced") {
        const reservation = await pool.free(member, tokens, until);
        if (reservation !== null) place = { key, reservation };
      }
    } catch (thrown) {
      signal.throwIfAborted();
      if (!over.signal.aborted) throw thrown;
    } finally {
      disarm();
      forget();
    }
  }

  return {
    order,
    progress,
    candidate,
    standing,
    beginSecondRound() {
      round = 2;
    },
    stopRepeating() {
      may_repeat = false;
    },
    begin({ key }) {
      budget = withAttempt(budget, key);
      if (place?.key !== key) return null;
      const { reservation } = place;
      place = null;
      return reservation;
    },
    ended({ key }, end) {
      const bill = end.end === "failed" ? end.bill : end.reply.bill;
      budget = withCost(budget, bill?.cost_micro_usd ?? null);
      if (end.end === "answered") return;
      const tries = (tried.get(key)?.tries ?? 0) + 1;
      tried.set(key, { tries, fault: end.fault, in_round: round });
    },
    faults: () => new Map([...tried].map(([key, { fault }]) => [key, fault])),
    left_ms,
    waitFor,
    release,
  };
}
