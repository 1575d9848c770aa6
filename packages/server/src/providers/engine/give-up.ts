import { faultInWords } from "@mainstay/sdk/attempt-faults";
import {
  type AttemptFailure,
  type Mending,
  type ModelPart,
  type ModelRequest,
  NoModelAnswered,
} from "../../kernel/model.ts";
import { createPlanGate } from "../judge/plan-gate.ts";
import type { Reply } from "./call.ts";
import { passedOver, type Standing } from "./next-try.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./pool.ts";
import { failureOf, finishOf } from "./outcome.ts";
import type { StepState } from "./step-state.ts";

/** A whole reply that was not fit, but that the turn knows how to deal with. */
export interface Wrong {
  readonly member: Member;
  readonly reply: Reply;
  readonly problem: Mending["problem"];
}

export interface GivingUp {
  readonly told: (text: string) => string;
  readonly pool: Pool;
  readonly state: StepState;
  readonly request: ModelRequest;
}

/**
 * Nothing is left to try: hands over the last wrong reply, without what may be a plan in it.
 *
 * @throws NoModelAnswered where there is none.
 */
export async function* giveUp(
  parts: GivingUp,
  wrong: Wrong | null,
): AsyncGenerator<ModelPart, void> {
  const { pool, state, request } = parts;
  if (wrong === null) {
    pool.gaveUp(state.faults());
    throw new NoModelAnswered(state.order.flatMap((member) => failuresOf(parts, member)));
  }
  const { member, reply, problem } = wrong;
  const { provider, model } = member.target;
  yield {
    type: "mended",
    provider,
    model,
    problem,
    how: "handed_over",
    detail: faultInWords(problem),
  };
  const text = createPlanGate(request).push(reply.text);
  if (text !== "") yield { type: "text", text };
  for (const each of reply.calls) yield { type: "tool_call", call: each };
  const before = passedOver(state.progress().candidates, member.key);
  // It was billed when it was found to be wrong.
  const usage = { input_tokens: 0, output_tokens: 0 };
  yield { ...finishOf(member, reply, before), bill: null, usage };
}

function failuresOf({ state, request: _, ...parts }: GivingUp, member: Member): AttemptFailure[] {
  const fault = state.faults().get(member.key);
  if (fault !== undefined) return [failureOf(member, fault, parts.told)];
  const { standing, target } = state.candidate(member);
  if (standing.at === "ready") return [];
  const { provider, model } = target;
  return [{ provider, model, code: codeOf(standing), message: standing.why }];
}

function codeOf(standing: Standing): string {
  if (standing.at === "paced") return "rate";
  return standing.at === "shut" && standing.is_too_large ? "request_too_large" : "unavailable";
}
