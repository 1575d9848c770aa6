import { chatRequest } from "../chat-request.ts";
import { type Completion, pieces } from "../completion.ts";
import { bearer, event, type StreamText, type Wire } from "./wire.ts";

/** Cohere's chat, version 2: named events, each piece with its index. Its list of models is version 1's. */
export const cohere: Wire = {
  base_path: "/v2",
  route: (method, path) => {
    if (method === "POST" && path === "/v2/chat") return { kind: "chat" };
    return method === "GET" && path === "/v1/models" ? { kind: "models" } : null;
  },
  keyOf: bearer,
  read: (body) => {
    const request = chatRequest.parse(body);
    if (request.stream_options !== undefined)
      throw new Error("unknown field: parameter 'stream_options' is not a valid field");
    for (const message of request.messages)
      if (message.content === "" && !message.tool_calls?.length)
        throw new Error("invalid request: all elements in the message list must have content");
    return request;
  },
  models: (names) => ({ models: names.map((name) => ({ name, endpoints: ["chat"] })) }),
  whole: ({ text, tool_calls, finish_reason, id, usage }) => ({
    id,
    message: {
      role: "assistant",
      ...(text !== "" && { content: [{ type: "text", text }] }),
      ...(tool_calls.length > 0 && { tool_calls }),
    },
    finish_reason: finishes[finish_reason ?? ""] ?? "ERROR",
    usage: usageOf(usage),
  }),
  stream: streamText,
  refusal: ({ message }) => ({ id: "fake", message }),
  streamError: (refusal) =>
    event(
      { type: "message-end", delta: { finish_reason: "ERROR", error: messageOf(refusal) } },
      "message-end",
    ),
};

const finishes: Partial<Record<string, string>> = {
  stop: "COMPLETE",
  length: "MAX_TOKENS",
  tool_calls: "TOOL_CALL",
  content_filter: "ERROR_TOXIC",
};

const messageOf = (refusal: object): unknown => ("message" in refusal ? refusal.message : refusal);

const usageOf = ({ prompt_tokens, completion_tokens }: Completion["usage"]) => ({
  billed_units: { input_tokens: prompt_tokens, output_tokens: completion_tokens },
  tokens: { input_tokens: prompt_tokens, output_tokens: completion_tokens },
});

const named = (data: { type: string; [field: string]: unknown }) => event(data, data.type);

function streamText(completion: Completion): StreamText {
  const { id, text, tool_calls, chunk_size, finish_reason, usage } = completion;
  const start = named({ type: "message-start", id, delta: { message: { role: "assistant" } } });
  const said = pieces(text, chunk_size).map((piece) =>
    named({ type: "content-delta", index: 0, delta: { message: { content: { text: piece } } } }),
  );
  const calls = tool_calls.flatMap((call, index) => callEvents(call, index, chunk_size));
  const end = {
    type: "message-end",
    delta: { finish_reason: finishes[finish_reason ?? ""] ?? "ERROR", usage: usageOf(usage) },
  };
  return {
    opening: said.length === 0 ? start : start + contentStart,
    content: [...withEnd(said, contentEnd), ...calls],
    closing: finish_reason === null ? "" : `${named(end)}data: [DONE]\n\n`,
  };
}

const contentStart = named({
  type: "content-start",
  index: 0,
  delta: { message: { content: { type: "text", text: "" } } },
});
const contentEnd = named({ type: "content-end", index: 0 });

/** The end belongs to the last chunk: it says nothing of its own. */
function withEnd(chunks: readonly string[], end: string): string[] {
  return chunks.map((chunk, i) => (i === chunks.length - 1 ? chunk + end : chunk));
}

function callEvents(
  { id, type, function: { name, arguments: input } }: Completion["tool_calls"][number],
  index: number,
  chunk_size: number,
): string[] {
  const tool = (calls: object) => ({ index, delta: { message: { tool_calls: calls } } });
  const start = { id, type, function: { name, arguments: "" } };
  const parts = pieces(input, chunk_size).map((piece) =>
    named({ type: "tool-call-delta", ...tool({ function: { arguments: piece } }) }),
  );
  return withEnd(
    [named({ type: "tool-call-start", ...tool(start) }), ...parts],
    named({ type: "tool-call-end", index }),
  );
}
