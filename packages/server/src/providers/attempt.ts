import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { PlainId } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import type { ToolCall } from "@mainstay/sdk/events";
import type { Usage } from "@mainstay/sdk/turn";
import type { FinishReason, ModelRequest } from "../kernel/model.ts";
import { limits } from "../kernel/limits.ts";
import { AttemptFault, attemptFault } from "./faults.ts";
import type { Ask } from "./openai-compatible.ts";

/** What one attempt yields; `finish` is last, and only a stream that has it succeeded. */
export type AttemptPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_call"; readonly call: ToolCall }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly usage: Usage };

export interface Deadlines {
  /** Until the first sign of life: text, a thought, or a piece of a tool call. */
  readonly first_token_ms: number;
  /** Between any two after it. */
  readonly between_ms: number;
  /** For the whole attempt, however alive it is. */
  readonly total_ms: number;
}

/**
 * Asks one target once.
 *
 * 1. Every attempt has its own AbortController; leaving the loop aborts the call upstream.
 * 2. A deadline that passes is an AttemptFault that says which one.
 * 3. The caller's abort is thrown as it came, never as a fault of the target.
 * 4. What is said past `limits.step_chars` is not kept: it ends the attempt as `too_long`.
 * 5. Each call has a plain id that no other call of the attempt has, whatever the model called it.
 *
 * @throws AttemptFault, or the signal's reason.
 */
export async function* attempt(
  ask: Ask,
  request: ModelRequest,
  deadlines: Deadlines,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<AttemptPart> {
  signal.throwIfAborted();
  const own = new AbortController();
  const stop = () => own.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let finished = false;
  const measure = createMeasure();
  const idFor = createNaming();
  const disarmTotal = arm("timed_out", deadlines.total_ms);
  let disarm = arm("first_token_timeout", deadlines.first_token_ms);
  try {
    const reader = (await race(ask(request, own.signal))).getReader();
    for (;;) {
      const { done, value } = await race(reader.read());
      if (done) throw new AttemptFault("cut", "the stream ended without a finish reason");
      const is_alive = measure(value);
      const part = read(value, idFor);
      if (part === null && !is_alive) continue;
      disarm();
      finished = part?.type === "finish";
      if (part !== null) yield part;
      if (finished) return;
      disarm = arm("stalled", deadlines.between_ms);
    }
  } catch (fault) {
    signal.throwIfAborted();
    throw attemptFault(own.signal.aborted ? own.signal.reason : fault);
  } finally {
    disarm();
    disarmTotal();
    signal.removeEventListener("abort", stop);
    if (!finished) own.abort(new AttemptFault("cut", "the attempt is over"));
  }

  function arm(code: keyof typeof lateness, limit_ms: number): () => void {
    const message = `${lateness[code]} ${limit_ms / 1000} s`;
    return clock.after(limit_ms, () => own.abort(new AttemptFault(code, message)));
  }

  /** The SDK may ignore an abort while it waits for headers: do not wait with it. */
  async function race<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    own.signal.throwIfAborted();
    let fail: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
      fail = () => reject(own.signal.reason);
      own.signal.addEventListener("abort", fail, { once: true });
    });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      own.signal.removeEventListener("abort", fail);
    }
  }
}

const lateness = {
  first_token_timeout: "no first token within",
  stalled: "nothing came for",
  timed_out: "no end within",
};

/**
 * Counts what is said: the pieces on the wire, which nobody else bounds, and the parts that are kept.
 * Tells of each part whether it said anything. @throws AttemptFault `too_long`
 */
function createMeasure(): (part: LanguageModelV4StreamPart) => boolean {
  let wire_chars = 0;
  let kept_chars = 0;
  return (part) => {
    const piece = "delta" in part ? part.delta.length : 0;
    wire_chars += piece;
    if (part.type === "text-delta") kept_chars += piece;
    if (part.type === "tool-call")
      kept_chars += part.toolCallId.length + part.toolName.length + part.input.length;
    if (Math.max(wire_chars, kept_chars) <= limits.step_chars) return piece > 0;
    const message = `it said more than ${limits.step_chars} characters in one step`;
    throw new AttemptFault("too_long", message);
  };
}

/**
 * Names calls: as the model did, where that is a plain id and the first of its kind. The id goes onto
 * the audit trail and into what people type; there a model has no text of its own.
 */
function createNaming(): (id: string) => string {
  const given = new Set<string>();
  let own = 0;
  return (said) => {
    let id = said;
    while (given.has(id) || !PlainId.safeParse(id).success) id = `call_${++own}`;
    given.add(id);
    return id;
  };
}

/** The part as the engine knows it; null for what has no meaning here. */
function read(
  part: LanguageModelV4StreamPart,
  idFor: (said: string) => string,
): AttemptPart | null {
  switch (part.type) {
    case "text-delta":
      return part.delta === "" ? null : { type: "text", text: part.delta };
    case "tool-call": {
      const { toolCallId, toolName: name, input } = part;
      return { type: "tool_call", call: { id: idFor(toolCallId), name, input } };
    }
    case "finish":
      return finishOf(part);
    case "error":
      throw part.error instanceof Error
        ? part.error
        : new AttemptFault("malformed", `the stream held an error: ${JSON.stringify(part.error)}`);
    default:
      return null;
  }
}

function finishOf(part: Extract<LanguageModelV4StreamPart, { type: "finish" }>): AttemptPart {
  const reason = reasons[part.finishReason.unified];
  if (reason === undefined)
    throw new AttemptFault("cut", "the stream ended without a finish reason");
  const usage = {
    input_tokens: tokenCount(part.usage.inputTokens.total),
    output_tokens: tokenCount(part.usage.outputTokens.total),
  };
  return { type: "finish", reason, usage };
}

/** Some servers count in fractions, or not at all. */
const tokenCount = (count: number | undefined): number =>
  count !== undefined && Number.isFinite(count) && count > 0 ? Math.ceil(count) : 0;

const reasons: Partial<Record<string, FinishReason>> = {
  stop: "stop",
  "tool-calls": "tool_calls",
  length: "length",
  "content-filter": "content_filter",
};
