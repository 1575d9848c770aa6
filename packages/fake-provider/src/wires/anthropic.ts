import { z } from "zod";
import { chatRequest, type ParsedChatRequest } from "../chat-request.ts";
import { type Completion, pieces } from "../completion.ts";
import { event, type StreamText, type Wire } from "./wire.ts";

/** Anthropic's messages: blocks that start, grow and stop; the key in a header of its own. */
export const anthropic: Wire = {
  base_path: "/v1",
  route: (method, path) => {
    if (method === "POST" && path === "/v1/messages") return { kind: "chat" };
    return method === "GET" && path === "/v1/models" ? { kind: "models" } : null;
  },
  keyOf: (headers) => (typeof headers["x-api-key"] === "string" ? headers["x-api-key"] : null),
  read: (body) => requestOf(Messages.parse(body)),
  models: (names) => ({
    data: names.map((id) => ({ type: "model", id, display_name: id, created_at: EPOCH })),
    has_more: false,
    first_id: names[0] ?? null,
    last_id: names.at(-1) ?? null,
  }),
  whole: ({ id, model, text, tool_calls, finish_reason, usage }) => ({
    id,
    type: "message",
    role: "assistant",
    model,
    content: [
      ...(text === "" ? [] : [{ type: "text", text }]),
      ...tool_calls.map((call) => ({
        type: "tool_use",
        id: call.id,
        name: call.function.name,
        input: inputOf(call.function.arguments),
      })),
    ],
    stop_reason: finishes[finish_reason ?? ""] ?? null,
    stop_sequence: null,
    usage: { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens },
  }),
  stream: streamText,
  refusal: ({ message, type }) => ({
    type: "error",
    error: { type, message },
    request_id: "req_fake",
  }),
  streamError: (refusal) => event(refusal, "error"),
};

const EPOCH = "1970-01-01T00:00:00Z";

const finishes: Partial<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal",
};

/** Without streaming there is no way to send what is no JSON: the API would have mended it. */
function inputOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

const spoken = z.string().regex(/\S/, "text content blocks must contain non-whitespace text");
const call_id = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const Text = z.looseObject({ type: z.literal("text"), text: spoken });
const ToolUse = z.looseObject({
  type: z.literal("tool_use"),
  id: call_id,
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
});
const ToolResult = z.looseObject({
  type: z.literal("tool_result"),
  tool_use_id: call_id,
  content: z.union([z.string(), z.array(Text)]).optional(),
});

/** As strict as the API where it refuses what others take. */
const Messages = z.looseObject({
  model: z.string(),
  max_tokens: z.number().int().positive(),
  system: z.union([z.string(), z.array(Text)]).optional(),
  messages: z.array(
    z.discriminatedUnion("role", [
      z.looseObject({
        role: z.literal("user"),
        content: z.array(z.union([Text, ToolResult])).min(1),
      }),
      z.looseObject({
        role: z.literal("assistant"),
        content: z.array(z.union([Text, ToolUse])).min(1),
      }),
    ]),
  ),
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ name: z.string(), input_schema: z.looseObject({}) })).default([]),
});
type Request = z.infer<typeof Messages>;

function requestOf({ model, system, messages, stream, tools }: Request): ParsedChatRequest {
  return chatRequest.parse({
    model,
    stream,
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      ...messages.flatMap(spokenBy),
    ],
    tools: tools.map(({ name, input_schema }) => ({
      type: "function",
      function: { name, parameters: input_schema },
    })),
  });
}

function spokenBy(message: Request["messages"][number]): object[] {
  if (message.role === "user")
    return message.content.map((block) =>
      block.type === "text"
        ? { role: "user", content: block.text }
        : { role: "tool", tool_call_id: block.tool_use_id, content: block.content ?? "" },
    );
  const texts = message.content.flatMap((block) => (block.type === "text" ? [block.text] : []));
  const tool_calls = message.content.flatMap((block) =>
    block.type === "tool_use"
      ? [
          {
            id: block.id,
            type: "function",
            function: { name: block.name, arguments: JSON.stringify(block.input) },
          },
        ]
      : [],
  );
  return [{ role: "assistant", content: texts.join("\n"), tool_calls }];
}

const named = (data: { type: string; [field: string]: unknown }) => event(data, data.type);

function streamText(completion: Completion): StreamText {
  const { id, model, text, tool_calls, chunk_size, finish_reason, usage } = completion;
  const message = {
    id,
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    usage: { input_tokens: usage.prompt_tokens, output_tokens: 1 },
  };
  const spoken_deltas = pieces(text, chunk_size).map((piece) => ({
    type: "text_delta",
    text: piece,
  }));
  const said = text === "" ? [] : [block(0, { type: "text", text: "" }, spoken_deltas)];
  const calls = tool_calls.map((call, i) =>
    block(
      said.length + i,
      { type: "tool_use", id: call.id, name: call.function.name, input: {} },
      pieces(call.function.arguments, chunk_size).map((partial_json) => ({
        type: "input_json_delta",
        partial_json,
      })),
    ),
  );
  const end = {
    type: "message_delta",
    delta: { stop_reason: finishes[finish_reason ?? ""] ?? null, stop_sequence: null },
    usage: { output_tokens: usage.completion_tokens },
  };
  return {
    opening: named({ type: "message_start", message }) + named({ type: "ping" }),
    content: [...said, ...calls].flat(),
    closing: finish_reason === null ? "" : named(end) + named({ type: "message_stop" }),
  };
}

/** The events of one block; what only starts and stops it belongs to the deltas beside it. */
function block(index: number, content_block: object, deltas: readonly object[]): string[] {
  const start = named({ type: "content_block_start", index, content_block });
  const stop = named({ type: "content_block_stop", index });
  if (deltas.length === 0) return [start + stop];
  return deltas.map(
    (delta, i) =>
      (i === 0 ? start : "") +
      named({ type: "content_block_delta", index, delta }) +
      (i === deltas.length - 1 ? stop : ""),
  );
}
