import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { Clock } from "@mainstay/sdk/clock";
import { ContextTooLong, type ModelPart, type ModelRequest } from "../../kernel/model.ts";
import type { Random } from "../../kernel/random.ts";
import { requestTokens } from "../estimate.ts";
import type { RetryBudget } from "../policy/retry-budget.ts";
import { type Call, call, type Reply } from "./call.ts";
import { giveUp, type Wrong } from "./give-up.ts";
import { type Candidate, nextTry, type NextTry } from "./next-try.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./pool.ts";
import { failureOf, finishOf } from "./outcome.ts";
import { createSilence } from "./silence.ts";
import { createStepState } from "./step-state.ts";

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
  const state = createStepState(parts, request);
  const silence = createSilence(clock, request.waiting);
  let was_repaired = false;
  let wrong: Wrong | null = null;
  retries.earn();
  try {
    for (;;) {
      const next = nextTry(state.progress());
      switch (next.next) {
        case "try":
          if (yield* tryTarget(next)) return;
          break;
        case "rest":
          if (!retries.spend()) state.stopRepeating();
          else {
            state.beginSecondRound();
            silence.words((s) => `no model has answered yet, ${s} s; all are asked once more`);
            await clock.sleep(random() * SECOND_ROUND_WITHIN_MS, signal);
          }
          break;
        case "wait": {
          const { provider, model } = next.candidate.target;
          yield { type: "paced", provider, model, reason: next.why, wait_ms: next.in_ms };
          silence.words((s) => `waiting ${s} s for ${provider}: ${next.why} (provider pacing)`);
          await state.waitFor(next, signal);
          break;
        }
        case "give_up":
          return yield* giveUp({ ...parts, state, request }, wrong);
      }
    }
  } finally {
    state.release();
    silence.end();
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
      const asking = { ...callOf(candidate), member, request: asked, why: because, passed_over };
      const taken = state.begin(member);
      const end = yield* call({ ...parts, silence }, { ...asking, taken }, signal);
      state.ended(member, end);
      if (end.end === "answered") {
        yield finishOf(member, end.reply, isFirst(member) ? [] : passed_over);
        return true;
      }
      const { fault } = end;
      if (fault.code === "context_too_long")
        throw new ContextTooLong(failureOf(member, fault, parts.told));
      if (end.end === "failed") return false;
      const problem = end.problem;
      if (problem !== "planning") wrong = { member, reply: end.reply, problem };
      const repair = withRepair(request, end.reply, end.tell);
      if (was_repaired || !mayRepair(member, repair)) return false;
      was_repaired = true;
      because = `asked again: ${faultInWords(problem)}`;
      const { provider, model } = member.target;
      const detail = parts.told(fault.message);
      yield { type: "mended", provider, model, problem, how: "asked_again", detail };
      asked = repair;
    }
  }

  /** With another key it is the same model all the same. */
  function isFirst({ target: { provider, model } }: Member): boolean {
    const first = state.order[0]?.target;
    return first?.provider === provider && first.model === model;
  }

  function mayRepair(member: Member, repair: ModelRequest): boolean {
    return state.standing(member, requestTokens(repair)).at === "ready" && retries.spend();
  }

  function callOf({ key, standing, target }: Candidate): Pick<Call, "deadlines" | "words"> {
    const next = () =>
      state
        .progress()
        .candidates.find(
          (other) => other.key !== key && other.standing.at === "ready" && other.tries === 0,
        );
    const is_last_resort = standing.at === "open";
    const total_ms = state.left_ms();
    return {
      deadlines() {
        const has_alternative = next() !== undefined;
        const limits = pool.deadlines(pool.member(key), { has_alternative, is_last_resort });
        return { ...limits, total_ms: Math.min(limits.total_ms, total_ms) };
      },
      words(silent_s) {
        const then = next();
        const who = then === undefined ? "" : `; ${then.target.provider} is next`;
        return `waiting for ${target.provider}, ${silent_s} s${who}`;
      },
    };
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
