import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { Clock } from "@mainstay/sdk/clock";
import type { ToolCall } from "@mainstay/sdk/events";
import type { Usage } from "@mainstay/sdk/turn";
import type { FinishReason, ModelRequest } from "../kernel/model.ts";
import { AttemptFault, attemptFault } from "./faults.ts";
import type { Ask } from "./openai-compatible.ts";

/** What one attempt yields; `finish` is last, and only a stream that has it succeeded. */
export type AttemptPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_call"; readonly call: ToolCall }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly usage: Usage };

export interface Deadlines {
  /** Until the first text or tool call. */
  readonly first_token_ms: number;
  /** Between any two parts after it. */
  readonly between_ms: number;
}

/**
 * Asks one target once.
 *
 * 1. Every attempt has its own AbortController; leaving the loop aborts the call upstream.
 * 2. A deadline that passes is an AttemptFault that says which one.
 * 3. The caller's abort is thrown as it came, never as a fault of the target.
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
  let disarm = arm("first_token_timeout", deadlines.first_token_ms);
  try {
    const reader = (await race(ask(request, own.signal))).getReader();
    for (;;) {
      const { done, value } = await race(reader.read());
      if (done) throw new AttemptFault("cut", "the stream ended without a finish reason");
      const part = read(value);
      if (part === null) continue;
      disarm();
      finished = part.type === "finish";
      yield part;
      if (finished) return;
      disarm = arm("stalled", deadlines.between_ms);
    }
  } catch (fault) {
    signal.throwIfAborted();
    throw attemptFault(own.signal.aborted ? own.signal.reason : fault);
  } finally {
    disarm();
    signal.removeEventListener("abort", stop);
    if (!finished) own.abort(new AttemptFault("cut", "the attempt is over"));
  }

  function arm(code: "first_token_timeout" | "stalled", limit_ms: number): () => void {
    const seconds = `${limit_ms / 1000} s`;
    const message =
      code === "stalled" ? `nothing came for ${seconds}` : `no first token within ${seconds}`;
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

/** The part as the engine knows it; null for what has no meaning here. */
function read(part: LanguageModelV4StreamPart): AttemptPart | null {
  switch (part.type) {
    case "text-delta":
      return part.delta === "" ? null : { type: "text", text: part.delta };
    case "tool-call": {
      const { toolCallId: id, toolName: name, input } = part;
      return { type: "tool_call", call: { id, name, input } };
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
    input_tokens: part.usage.inputTokens.total ?? 0,
    output_tokens: part.usage.outputTokens.total ?? 0,
  };
  return { type: "finish", reason, usage };
}

const reasons: Partial<Record<string, FinishReason>> = {
  stop: "stop",
  "tool-calls": "tool_calls",
  length: "length",
  "content-filter": "content_filter",
};
