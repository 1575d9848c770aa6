import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { PlainId } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import type { ToolCall } from "@mainstay/sdk/events";
import type { FinishReason, ModelRequest } from "../../kernel/model.ts";
import { limits } from "../../kernel/limits.ts";
import type { Ask } from "../adapters/adapters.ts";
import type { PartStream } from "../adapters/part-stream.ts";
import type { ToldUsage } from "../estimate.ts";
import { AttemptFault } from "../policy/codes.ts";
import type { Deadlines } from "../policy/deadlines.ts";
import type { ProviderType } from "../target.ts";
import { faultOf } from "./fault-of.ts";

/** What one attempt yields; `finish` is last, and only a stream that has it succeeded. */
export type AttemptPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_call"; readonly call: ToolCall }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly usage: ToldUsage };

/** What was heard of an attempt so far, also when it comes to no good end. */
export interface Heard {
  /** The answer's headers have come. */
  has_answer: boolean;
  /** From the question to the first sign of life; null before it came. */
  first_token_ms: number | null;
  /** Between two signs of life. */
  longest_silence_ms: number;
  /** Of all that the model said, thoughts and pieces of calls included; UTF-8. */
  said_bytes: number;
}

export interface AttemptHow {
  /** Asked anew while it is silent: another target may have come back meanwhile. */
  readonly deadlines: () => Deadlines;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Ends the attempt with its reason as a fault: an operator wants the target asked no more. */
  readonly cut: AbortSignal;
  readonly heard: Heard;
  /** The answer's headers have come: what they tell of rates is newest now. */
  readonly onHeaders: (headers: Readonly<Record<string, string>>) => void;
  /** Whose error bodies it speaks. */
  readonly type: ProviderType;
  /** Undefined: as many as the adapter allows. */
  readonly max_output_tokens?: number | undefined;
}

export const nothingHeard = (): Heard => ({
  has_answer: false,
  first_token_ms: null,
  longest_silence_ms: 0,
  said_bytes: 0,
});

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
  { deadlines, clock, signal, cut, heard, onHeaders, type, max_output_tokens }: AttemptHow,
): AsyncGenerator<AttemptPart> {
  signal.throwIfAborted();
  const own = new AbortController();
  const stop = () => own.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const leaveOff = () => own.abort(cut.reason);
  cut.addEventListener("abort", leaveOff, { once: true });
  const watch = createWatch(deadlines, clock, heard, (fault) => own.abort(fault));
  const measure = createMeasure(heard);
  const idFor = createNaming();
  let finished = false;
  let stream: PartStream | null = null;
  try {
    const how = { signal: own.signal, stream: true, max_output_tokens };
    const asked = await orAbort(ask(request, how), own.signal);
    heard.has_answer = true;
    onHeaders(asked.headers);
    ({ stream } = asked);
    // A stream that is cancelled answers at once, also where what is below it is deaf.
    own.signal.addEventListener("abort", stream.cancel, { once: true });
    for (;;) {
      const said = await stream.next();
      own.signal.throwIfAborted();
      if (said === null) throw new AttemptFault("cut", "the stream ended without a finish reason");
      if (measure(said)) watch.alive();
      const part = read(said, idFor);
      if (part === null) continue;
      finished = part.type === "finish";
      yield part;
      if (finished) return;
    }
  } catch (fault) {
    signal.throwIfAborted();
    throw faultOf(own.signal.aborted ? own.signal.reason : fault, type, clock.now());
  } finally {
    watch.end();
    signal.removeEventListener("abort", stop);
    cut.removeEventListener("abort", leaveOff);
    if (!finished) own.abort(new AttemptFault("cut", "the attempt is over"));
    // Some wires tell the finish before their end: nobody reads on.
    stream?.cancel();
  }
}

/** An SDK may ignore an abort while it waits for headers: nobody waits with it. */
async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const fail = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", fail, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", fail);
  }
}

interface Watch {
  /** It lives. */
  alive(): void;
  end(): void;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Sees that an attempt gets on. Its timer is not set anew for each chunk: when it goes off, it looks how long
 * it has been silent, and sleeps on.
 */
function createWatch(
  deadlines: () => Deadlines,
  clock: Clock,
  heard: Heard,
  onLate: (fault: AttemptFault) => void,
): Watch {
  const began = clock.monotonic();
  let last: number | null = null;
  const late = (code: keyof typeof lateness, limit_ms: number) =>
    onLate(new AttemptFault(code, `${lateness[code]} ${limit_ms / 1000} s`));
  const { total_ms } = deadlines();
  const disarmTotal = clock.after(total_ms, () => late("timed_out", total_ms));
  let disarm: () => void = () => undefined;
  look();

  function look(): void {
    const { first_token_ms, between_ms } = deadlines();
    const limit_ms = last === null ? first_token_ms : between_ms;
    const silent_ms = clock.monotonic() - (last ?? began);
    if (silent_ms >= limit_ms)
      return late(last === null ? "first_token_timeout" : "stalled", limit_ms);
    disarm = clock.after(Math.min(limit_ms - silent_ms, LOOK_EVERY_MS), look);
  }

  return {
    alive() {
      const now = clock.monotonic();
      if (last === null) heard.first_token_ms = now - began;
      else heard.longest_silence_ms = Math.max(heard.longest_silence_ms, now - last);
      last = now;
    },
    end() {
      disarm();
      disarmTotal();
    },
  };
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
function createMeasure(heard: Heard): (part: LanguageModelV4StreamPart) => boolean {
  let wire_chars = 0;
  let kept_chars = 0;
  return (part) => {
    const delta = "delta" in part ? part.delta : "";
    const piece = delta.length;
    wire_chars += piece;
    heard.said_bytes += Buffer.byteLength(delta);
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
      throw part.error;
    default:
      return null;
  }
}

function finishOf(part: Extract<LanguageModelV4StreamPart, { type: "finish" }>): AttemptPart {
  const reason = reasons[part.finishReason.unified];
  if (reason === undefined)
    throw new AttemptFault("cut", "the stream ended without a finish reason");
  const { inputTokens, outputTokens } = part.usage;
  const usage = { input_tokens: inputTokens.total, output_tokens: outputTokens.total };
  return { type: "finish", reason, usage };
}

const reasons: Partial<Record<string, FinishReason>> = {
  stop: "stop",
  "tool-calls": "tool_calls",
  length: "length",
  "content-filter": "content_filter",
};
