import { type ParsedChatRequest, textOf } from "./chat-request.ts";
import type { Reply, Usage } from "./script.ts";

/** One answer before any wire has put it into its own words. */
export interface Completion {
  id: string;
  created_s: number;
  model: string;
  text: string;
  tool_calls: { id: string; type: "function"; function: { name: string; arguments: string } }[];
  chunk_size: number;
  /** In OpenAI's words: stop, length, tool_calls, content_filter; null where it is never told. */
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
  if (reply.truncate_tool_json) truncateLast(tool_calls);
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

function truncateLast(calls: Completion["tool_calls"]): void {
  const last = calls.at(-1);
  if (last === undefined) return;
  const { arguments: input } = last.function;
  last.function.arguments = input.slice(0, Math.ceil(input.length / 2));
}

function estimatedUsage(request: ParsedChatRequest, answer: string): Usage {
  const prompt = request.messages.map(textOf).join("");
  return {
    prompt_tokens: Math.ceil(prompt.length / CHARACTERS_A_TOKEN),
    completion_tokens: Math.ceil(answer.length / CHARACTERS_A_TOKEN),
  };
}

/** A text in pieces of so many code points. */
export function pieces(text: string, size: number): string[] {
  const points = Array.from(text);
  const count = Math.ceil(points.length / size);
  return Array.from({ length: count }, (_, i) => points.slice(i * size, (i + 1) * size).join(""));
}
