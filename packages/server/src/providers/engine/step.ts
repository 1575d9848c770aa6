import type { Clock } from "@mainstay/sdk/clock";
import {
  type AttemptFailure,
  ContextTooLong,
  type ModelPart,
  type ModelRequest,
  NoModelAnswered,
} from "../../kernel/model.ts";
import type { Random } from "../../kernel/random.ts";
import { requestTokens } from "../estimate.ts";
import { beginBudget, mayTry, remainingMs, withAttempt, withCost } from "../policy/budget.ts";
import type { AttemptCode, AttemptFault } from "../policy/codes.ts";
import type { Reservation } from "../policy/pacing.ts";
import type { RetryBudget } from "../policy/retry-budget.ts";
import { routeTargets } from "../route.ts";
import { type Call, call, type CallEnd, type Reply } from "./call.ts";
import {
  type Candidate,
  inWords,
  nextTry,
  type NextTry,
  type Progress,
  type Standing,
} from "./next-try.ts";
import type { Member, Pool } from "./pool.ts";
import { createSilence } from "./silence.ts";

const SECOND_ROUND_WITHIN_MS = 1_500;

export interface StepParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly random: Random;
  readonly retries: RetryBudget;
  /** A fault as people may read it. */
  readonly told: (text: string) => string;
}

type Try = Extract<NextTry, { next: "try" }>;
type Wait = Extract<NextTry, { next: "wait" }>;

/**
 * Answers one step from the pool: *route → try → judge*, under one budget.
 *
 * 1. What to do next is decided by `nextTry` from what was tried and how the targets stand now.
 * 2. A reply that is no answer is asked for once more in a step, told what was wrong; then the next
 *    target is asked.
 * 3. A request that is too long for one target is asked of no other: whoever asked shortens it.
 * 4. When nobody answered, a whole reply that was merely wrong is handed over: the turn can tell the
 *    model so.
 */
export async function* answerStep(
  parts: StepParts,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelPart> {
  const { pool, clock, random, retries } = parts;
  const { order, is_wish } = routeTargets(pool.members(), request.model);
  const tokens = requestTokens(request);
  const tried = new Map<string, { tries: number; fault: AttemptFault; in_round: number }>();
  const silence = createSilence(clock, request.waiting);
  let budget = beginBudget(clock.monotonic());
  let round: 1 | 2 = 1;
  let was_repaired = false;
  let may_repeat = true;
  /** A place in the rate of a target that was waited for. */
  const held: { place: { readonly key: string; readonly reservation: Reservation } | null } = {
    place: null,
  };
  let wrong: { readonly member: Member; readonly reply: Reply; readonly code: AttemptCode } | null =
    null;
  retries.earn();
  try {
    for (;;) {
      const next = nextTry(progress());
      switch (next.next) {
        case "try":
          if (yield* tryTarget(next)) return;
          break;
        case "rest":
          may_repeat = retries.spend();
          if (!may_repeat) break;
          round = 2;
          silence.words((s) => `no model has answered yet, ${s} s; all are asked once more`);
          await clock.sleep(random() * SECOND_ROUND_WITHIN_MS, signal);
          break;
        case "wait":
          yield* waitForRate(next);
          break;
        case "give_up":
          return yield* giveUp();
      }
    }
  } finally {
    held.place?.reservation.release();
    silence.end();
  }

  function progress(): Progress {
    const now = clock.monotonic();
    return {
      candidates: order.map(candidateOf),
      round,
      is_wish,
      may_call: order.some(({ key }) => mayTry(budget, key, now).may),
      may_repeat,
    };
  }

  function candidateOf(member: Member): Candidate {
    const { key, target } = member;
    const so_far = tried.get(key);
    return {
      ...{ key, target },
      standing: standingOf(member),
      tries: so_far?.tries ?? 0,
      last: so_far?.fault.code ?? null,
      is_asked: so_far?.in_round === round,
    };
  }

  function standingOf(member: Member): Standing {
    if (held.place?.key === member.key) return { at: "ready" };
    const may = mayTry(budget, member.key, clock.monotonic());
    return may.may ? pool.standing(member, tokens) : { at: "shut", why: may.reason };
  }

  async function* tryTarget({
    candidate,
    why,
    passed_over,
  }: Try): AsyncGenerator<ModelPart, boolean> {
    const member = pool.member(candidate.key);
    let asked = request;
    let because = why;
    for (;;) {
      const taken = placeOf(member);
      const asking = { ...callOf(candidate), member, request: asked, why: because, passed_over };
      budget = withAttempt(budget, member.key);
      const end = yield* call({ ...parts, silence }, { ...asking, taken }, signal);
      account(member, end);
      if (end.end === "answered") {
        yield finish(member, end.reply, notFirst(candidate, passed_over));
        return true;
      }
      const { fault } = end;
      if (fault.code === "context_too_long") throw new ContextTooLong(failureOf(member, fault));
      if (end.end === "failed") return false;
      if (fault.code !== "planning") wrong = { member, reply: end.reply, code: fault.code };
      if (was_repaired || !mayRepair(member)) return false;
      was_repaired = true;
      because = `asked again: ${inWords[fault.code]}`;
      const { provider, model } = member.target;
      const problem = fault.code as "planning" | "invalid_call" | "empty";
      yield {
        type: "mended",
        provider,
        model,
        problem,
        how: "asked_again",
        detail: parts.told(fault.message),
      };
      asked = withRepair(request, end.reply, end.tell);
    }
  }

  function mayRepair({ key }: Member): boolean {
    return standingOf(pool.member(key)).at === "ready" && retries.spend();
  }

  /** The place that was waited for, once. */
  function placeOf({ key }: Member): Reservation | null {
    if (held.place?.key !== key) return null;
    const { reservation } = held.place;
    held.place = null;
    return reservation;
  }

  function account({ key }: Member, end: CallEnd): void {
    const bill = end.end === "failed" ? end.bill : end.reply.bill;
    budget = withCost(budget, bill?.cost_micro_usd ?? null);
    if (end.end === "answered") return;
    const tries = (tried.get(key)?.tries ?? 0) + 1;
    tried.set(key, { tries, fault: end.fault, in_round: round });
  }

  function callOf({ key, standing, target }: Candidate): Pick<Call, "deadlines" | "words"> {
    const others = order.map(candidateOf).filter((other) => other.key !== key);
    const next = others.find((other) => other.standing.at === "ready" && other.tries === 0);
    const deadlines = pool.deadlines(pool.member(key), {
      has_alternative: next !== undefined,
      is_last_resort: standing.at === "open",
    });
    const left_ms = remainingMs(budget, clock.monotonic());
    const then = next === undefined ? "" : `; ${next.target.provider} is next`;
    return {
      deadlines: { ...deadlines, total_ms: Math.min(deadlines.total_ms, left_ms) },
      words: (silent_s) => `waiting for ${target.provider}, ${silent_s} s${then}`,
    };
  }

  async function* waitForRate({ candidate, in_ms, why }: Wait): AsyncGenerator<ModelPart> {
    const { provider, model } = candidate.target;
    yield { type: "paced", provider, model, reason: why, wait_ms: in_ms };
    silence.words((s) => `waiting ${s} s for ${provider}: ${why} (provider pacing)`);
    const member = pool.member(candidate.key);
    while (standingOf(member).at === "paced" && held.place === null) {
      const reservation = await pool.free(member, tokens, signal);
      if (reservation !== null) held.place = { key: member.key, reservation };
    }
  }

  async function* giveUp(): AsyncGenerator<ModelPart> {
    if (wrong === null) {
      pool.gaveUp(new Map([...tried].map(([key, { fault }]) => [key, fault])));
      throw new NoModelAnswered(order.flatMap(failuresOf));
    }
    const { member, reply, code } = wrong;
    const { provider, model } = member.target;
    const problem = code as "invalid_call" | "empty";
    yield { type: "mended", provider, model, problem, how: "handed_over", detail: inWords[code] };
    if (reply.text !== "") yield { type: "text", text: reply.text };
    for (const each of reply.calls) yield { type: "tool_call", call: each };
    // It was billed when it was found to be wrong.
    yield {
      ...finish(member, reply, null),
      bill: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    };
  }

  function failuresOf(member: Member): AttemptFailure[] {
    const fault = tried.get(member.key)?.fault;
    if (fault !== undefined) return [failureOf(member, fault)];
    const standing = pool.standing(member, tokens);
    const { provider, model } = member.target;
    if (standing.at === "ready") return [];
    const code = standing.at === "paced" ? "rate" : "unavailable";
    return [{ provider, model, code, message: standing.why }];
  }

  function failureOf({ target: { provider, model } }: Member, fault: AttemptFault): AttemptFailure {
    return { provider, model, code: fault.code, message: parts.told(fault.message) };
  }

  /** Null where the first of the order answered. */
  function notFirst({ key }: Candidate, passed_over: Try["passed_over"]): string | null {
    if (key === order[0]?.key) return null;
    return passed_over.map(({ provider, why }) => `${provider}: ${why}`).join("; ") || null;
  }

  function finish(
    { target: { provider, model } }: Member,
    { reason, bill }: Reply,
    why: string | null,
  ): Extract<ModelPart, { type: "finish" }> {
    const mode = why === null ? "full" : "reduced";
    return { type: "finish", reason, provider, model, mode, why, bill, usage: bill.usage };
  }
}

/** The request with the reply that was no answer, and what was wrong with it. */
function withRepair(request: ModelRequest, reply: Reply, tell: string): ModelRequest {
  const said = reply.text.trim() === "" ? "(no answer)" : reply.text;
  return {
    ...request,
    messages: [
      ...request.messages,
      { role: "assistant", text: said, tool_calls: [] },
      { role: "user", text: tell },
    ],
  };
}
