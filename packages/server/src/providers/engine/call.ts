import type { Clock } from "@mainstay/sdk/clock";
import type { PassedOver, ToolCall } from "@mainstay/sdk/events";
import type { Bill, FinishReason, Mending, ModelPart, ModelRequest } from "../../kernel/model.ts";
import { billOf } from "../cost.ts";
import { requestTokens, type ToldUsage } from "../estimate.ts";
import { judge, type Judgement } from "../judge/judge.ts";
import { createPlanGate } from "../judge/plan-gate.ts";
import { AttemptFault } from "../policy/codes.ts";
import type { Reservation } from "../policy/pacing.ts";
import type { Deadlines } from "../policy/deadlines.ts";
import { type AttemptPart, attempt, type Heard, nothingHeard } from "./attempt.ts";
import type { Member } from "./member.ts";
import type { Pool } from "./pool.ts";
import type { Silence } from "./silence.ts";

/** Chunks without a word after which what came is let through all the same. */
const HELD_CHUNKS = 64;

export interface Call {
  readonly member: Member;
  readonly request: ModelRequest;
  readonly why: string;
  readonly passed_over: PassedOver[];
  readonly deadlines: () => Deadlines;
  /** Its place in the target's rate, where that was waited for. */
  readonly taken: Reservation | null;
  /** Words for the person while nothing comes. */
  readonly words: (silent_s: number) => string;
}

/** A whole reply, fit or not. */
export interface Reply {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly reason: FinishReason;
  readonly bill: Bill;
}

/** How one call ended. The parts of an `answered` one are all yielded but its `finish`. */
export type CallEnd =
  | { readonly end: "answered"; readonly reply: Reply }
  | {
      readonly end: "unfit";
      readonly reply: Reply;
      readonly problem: Mending["problem"];
      readonly tell: string;
      readonly fault: AttemptFault;
    }
  | { readonly end: "failed"; readonly fault: AttemptFault; readonly bill: Bill | null };

export interface CallParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly silence: Silence;
  /** A fault as people may read it. */
  readonly told: (text: string) => string;
}

/**
 * Asks one target once, and judges what it said.
 *
 * 1. Nothing is yielded before the first real word: until then a change of target is invisible.
 * 2. Calls of tools are yielded together, after the finish reason, when all were judged fit.
 * 3. What may be an internal plan is not shown before it is clear that it is none.
 * 4. Whatever becomes of it, pool and bill hear of it once, and the reservation is settled.
 *
 * @throws the signal's reason, after the part that bills what was taken.
 */
export async function* call(
  { pool, clock, silence, told }: CallParts,
  { member, request, why, passed_over, deadlines, taken, words }: Call,
  signal: AbortSignal,
): AsyncGenerator<ModelPart, CallEnd> {
  const { provider, model, credential } = member.target;
  const input_tokens = requestTokens(request);
  const begun = pool.begin(member, input_tokens, taken);
  if (begun === null) return { end: "failed", fault: noPlace(), bill: null };
  const heard = nothingHeard();
  const gate = createPlanGate(request);
  const shown = createShown(silence);
  const calls: ToolCall[] = [];
  let text = "";
  silence.words(words);
  yield {
    type: "attempt_started",
    ...{ provider, model, why, credential, input_tokens },
    ...(passed_over.length > 0 && { passed_over }),
  };
  try {
    let finish: Extract<AttemptPart, { type: "finish" }> | null = null;
    const { type } = member.target;
    const how = { deadlines, clock, signal, cut: begun.cut, heard, onHeaders: begun.heard, type };
    for await (const part of attempt(member.ask, request, how)) {
      if (part.type === "finish") finish = part;
      else if (part.type === "tool_call") calls.push(part.call);
      else {
        text += part.text;
        const now = shown.next(gate.push(part.text));
        if (now !== "") yield { type: "text", text: now };
      }
    }
    const { reason, usage } = finish!;
    const reply: Reply = { text, calls, reason, bill: bill(usage) };
    const judged = judge({ text, tool_calls: calls, finish: reason }, request);
    if (judged.kind === "again") {
      const fault = new AttemptFault(judged.problem, judged.detail);
      begun.failed(fault);
      return yield* unfit(reply, judged, fault);
    }
    begun.answered(heard, reply.bill.usage);
    return yield* fit(reply, judged);
  } catch (thrown) {
    if (signal.aborted) {
      begun.cancelled();
      yield failed("cancelled", "nobody waits for it any more", bill(null));
      signal.throwIfAborted();
    }
    if (!(thrown instanceof AttemptFault)) throw thrown;
    const owed = tookSomething(thrown, heard) ? bill(null) : null;
    begun.failed(thrown);
    yield failed(thrown.code, told(thrown.message), owed);
    if (shown.some()) yield { type: "restart", cause: `${provider}: ${told(thrown.message)}` };
    return { end: "failed", fault: thrown, bill: owed };
  } finally {
    begun.end();
  }

  function bill(usage: ToldUsage | null): Bill {
    return billOf(member.target, usage, { input_tokens, output_bytes: heard.said_bytes });
  }

  function failed(code: string, message: string, taken: Bill | null): ModelPart {
    return { type: "attempt_failed", provider, model, code, message, bill: taken };
  }

  async function* unfit(
    reply: Reply,
    { problem, detail, tell }: Extract<Judgement, { kind: "again" }>,
    fault: AttemptFault,
  ): AsyncGenerator<ModelPart, CallEnd> {
    yield failed(problem, told(detail), reply.bill);
    if (shown.some()) yield { type: "restart", cause: `${provider}: ${told(detail)}` };
    return { end: "unfit", reply, problem, tell, fault };
  }

  async function* fit(
    reply: Reply,
    judged: Exclude<Judgement, { kind: "again" }>,
  ): AsyncGenerator<ModelPart, CallEnd> {
    if (judged.kind === "fit") {
      const rest = shown.last(gate.end());
      if (rest !== "") yield { type: "text", text: rest };
      for (const each of calls) yield { type: "tool_call", call: each };
      return { end: "answered", reply };
    }
    const { how, detail } = judged;
    const problem = judged.kind === "call" ? judged.problem : "planning";
    yield { type: "mended", provider, model, problem, how, detail: told(detail) };
    yield* instead(judged.text);
    const extracted = judged.kind === "call" ? judged.calls : [];
    const named = extracted.map((each, i) => ({ id: calls[i]?.id ?? `call_${i + 1}`, ...each }));
    for (const each of named) yield { type: "tool_call", call: each };
    const reason: FinishReason = named.length > 0 ? "tool_calls" : reply.reason;
    return { end: "answered", reply: { ...reply, text: judged.text, calls: named, reason } };
  }

  /** Goes on from what is shown already where the mended text begins with it. */
  async function* instead(mended: string): AsyncGenerator<ModelPart> {
    if (mended.startsWith(shown.text())) {
      const rest = mended.slice(shown.text().length);
      if (rest !== "") yield { type: "text", text: rest };
      return;
    }
    yield { type: "restart", cause: "its reply held a plan" };
    if (mended !== "") yield { type: "text", text: mended };
  }
}

/** Nothing was sent: others took its place in the rate. */
const noPlace = () => new AttemptFault("rate", "its rate is used up");

/** Whether the provider may have worked for it: an error is not billed, a silence is. */
const tookSomething = ({ status, code }: AttemptFault, { has_answer }: Heard): boolean =>
  has_answer || (status === null && code !== "connect");

interface Shown {
  /** What may be shown now that this came; empty while it is held. */
  next(text: string): string;
  /** All that is still held, and this. */
  last(text: string): string;
  some(): boolean;
  text(): string;
}

/** Holds text until the first real word. */
function createShown(silence: Silence): Shown {
  let held = "";
  let text = "";
  let chunks = 0;
  function show(now: string): string {
    held = "";
    text += now;
    if (now !== "") silence.broken();
    return now;
  }
  return {
    next(more) {
      held += more;
      chunks += 1;
      const isWord = text !== "" || chunks > HELD_CHUNKS || held.trim() !== "";
      return isWord && held !== "" ? show(held) : "";
    },
    last: (more) => show(held + more),
    some: () => text !== "",
    text: () => text,
  };
}
