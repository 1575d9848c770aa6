import { type ParsedChatRequest, textOf } from "./chat-request.ts";
import type { Reply, Usage } from "./script.ts";

/** One answer as the wire carries it, whole or in chunks; pure data, no delivery. */
export interface Completion {
  id: string;
  created_s: number;
  model: string;
  text: string;
  tool_calls: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  chunk_size: number;
  finish_reason: string | null;
  usage: Usage & { total_tokens: number };
}

const DEFAULT_CHUNK_SIZE = 12;
const CHARACTERS_A_TOKEN = 4;

/** What `reply` says to request `n`; faults in its delivery are not looked at. */
export function completionOf(
  reply: Reply,
  request: ParsedChatRequest,
  n: number,
  now_ms: number,
): Completion {
  const text = "text" in reply ? (reply.text ?? "") : "";
  const tool_calls = "tool_calls" in reply ? wireToolCalls(reply.tool_calls, n) : [];
  const usage = reply.usage ?? estimatedUsage(request, text + JSON.stringify(tool_calls));
  return {
    id: `chatcmpl-fake-${n}`,
    created_s: Math.floor(now_ms / 1000),
    model: request.model,
    text,
    tool_calls,
    chunk_size: ("chunk_size" in reply && reply.chunk_size) || DEFAULT_CHUNK_SIZE,
    finish_reason:
      reply.finish_reason === undefined
        ? tool_calls.length > 0
          ? "tool_calls"
          : "stop"
        : reply.finish_reason,
    usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
  };
}

function wireToolCalls(
  calls: readonly { id?: string; name: string; arguments: object | string }[],
  n: number,
): Completion["tool_calls"] {
  return calls.map((call, index) => ({
    id: call.id ?? `call_fake_${n}_${index}`,
    type: "function",
    function: {
      name: call.name,
      arguments:
        typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments),
    },
  }));
}

function estimatedUsage(request: ParsedChatRequest, answer: string): Usage {
  const prompt = request.messages.map(textOf).join("");
  return {
    prompt_tokens: Math.ceil(prompt.length / CHARACTERS_A_TOKEN),
    completion_tokens: Math.ceil(answer.length / CHARACTERS_A_TOKEN),
  };
}

/** The body of an answer that is not streamed. */
export function wholeBody(completion: Completion): object {
  const { text, tool_calls, finish_reason } = completion;
  const message = {
    role: "assistant",
    content: text || null,
    ...(tool_calls.length > 0 && { tool_calls }),
  };
  return {
    ...head(completion, "chat.completion"),
    choices: [{ index: 0, message, finish_reason, logprobs: null }],
    usage: completion.usage,
  };
}

/** A stream in three parts, so that delivery can break between any two. */
export interface StreamBody {
  opening: object;
  /** Deltas with content: text first, then each tool call as its name and pieces of its arguments. */
  content: object[];
  /** The finish reason, then the usage where the request wants it. */
  closing: object[];
}

export function streamBody(completion: Completion, include_usage: boolean): StreamBody {
  const chunk = (choices: object[], usage: object | null = null) => ({
    ...head(completion, "chat.completion.chunk"),
    choices,
    ...(include_usage && { usage }),
  });
  const delta = (content: object, finish_reason: string | null = null) =>
    chunk([{ index: 0, delta: content, finish_reason, logprobs: null }]);

  const closing = completion.finish_reason === null ? [] : [delta({}, completion.finish_reason)];
  if (include_usage) closing.push(chunk([], completion.usage));
  return {
    opening: delta({ role: "assistant", content: completion.tool_calls.length > 0 ? null : "" }),
    content: contentDeltas(completion).map((content) => delta(content)),
    closing,
  };
}

function contentDeltas({ text, tool_calls, chunk_size }: Completion): object[] {
  const said = pieces(text, chunk_size).map((content) => ({ content }));
  const called = tool_calls.flatMap(({ id, type, function: { name, arguments: input } }, index) => [
    { tool_calls: [{ index, id, type, function: { name, arguments: "" } }] },
    ...pieces(input, chunk_size).map((piece) => ({
      tool_calls: [{ index, function: { arguments: piece } }],
    })),
  ]);
  return [...said, ...called];
}

function head({ id, created_s, model }: Completion, object: string) {
  return { id, object, created: created_s, model, system_fingerprint: "fp_fake" };
}

function pieces(text: string, size: number): string[] {
  const points = Array.from(text);
  const count = Math.ceil(points.length / size);
  return Array.from({ length: count }, (_, i) => points.slice(i * size, (i + 1) * size).join(""));
}
