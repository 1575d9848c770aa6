import { chatRequest, type ParsedChatRequest } from "../chat-request.ts";
import { type Completion, pieces } from "../completion.ts";
import { bearer, event, type Refusal, type Wire } from "./wire.ts";

/** Where those who speak OpenAI's chat completions differ from it. */
export interface Dialect {
  readonly base_path: string;
  /** Whether and where a stream tells its usage. */
  readonly usage_in: "own_chunk_if_asked" | "last_chunk" | "x_groq";
  /** A tool call comes in one chunk, not in pieces. */
  readonly whole_calls: boolean;
  readonly refusal: (refusal: Refusal) => object;
  /** @throws Error that says what the provider does not take */
  readonly strict?: (request: ParsedChatRequest) => void;
}

export const openAiRefusal = ({ message, type, code }: Refusal): object => ({
  error: { message, type, param: null, code },
});

/** OpenAI's chat completions, as the one or the other speaks them. */
export function chatCompletions(dialect: Dialect): Wire {
  return {
    base_path: dialect.base_path,
    route: (method, path) => {
      if (method === "POST" && path === `${dialect.base_path}/chat/completions`)
        return { kind: "chat" };
      return method === "GET" && path === `${dialect.base_path}/models` ? { kind: "models" } : null;
    },
    keyOf: bearer,
    read: (body) => {
      const request = chatRequest.parse(body);
      dialect.strict?.(request);
      return request;
    },
    models: (names) => ({
      object: "list",
      data: names.map((id) => ({ id, object: "model", created: 0, owned_by: "mainstay" })),
    }),
    whole: wholeBody,
    stream: (completion, request) => streamText(completion, request, dialect),
    refusal: dialect.refusal,
    streamError: (refusal) => event(refusal),
  };
}

function wholeBody(completion: Completion): object {
  const { text, tool_calls, finish_reason, usage } = completion;
  const message = {
    role: "assistant",
    content: text || null,
    ...(tool_calls.length > 0 && { tool_calls }),
  };
  return {
    ...head(completion, "chat.completion"),
    choices: [{ index: 0, message, finish_reason, logprobs: null }],
    usage,
  };
}

function streamText(completion: Completion, request: ParsedChatRequest, dialect: Dialect) {
  const own_chunk = dialect.usage_in === "own_chunk_if_asked";
  const wants_usage = own_chunk && (request.stream_options?.include_usage ?? false);
  const chunk = (choices: object[], extra: object = wants_usage ? { usage: null } : {}) =>
    event({ ...head(completion, "chat.completion.chunk"), choices, ...extra });
  const delta = (content: object, finish_reason: string | null = null, extra?: object) =>
    chunk([{ index: 0, delta: content, finish_reason, logprobs: null }], extra);

  const { finish_reason, tool_calls, usage } = completion;
  const last = finish_reason === null ? "" : delta({}, finish_reason, inLastChunk(usage, dialect));
  return {
    opening: delta({ role: "assistant", content: tool_calls.length > 0 ? null : "" }),
    content: contentDeltas(completion, dialect).map((content) => delta(content)),
    closing: `${last}${wants_usage ? chunk([], { usage }) : ""}data: [DONE]\n\n`,
  };
}

function inLastChunk(usage: object, { usage_in }: Dialect): object | undefined {
  if (usage_in === "x_groq") return { x_groq: { id: "req_fake", usage } };
  return usage_in === "last_chunk" ? { usage } : undefined;
}

function contentDeltas({ text, tool_calls, chunk_size }: Completion, dialect: Dialect): object[] {
  const said = pieces(text, chunk_size).map((content) => ({ content }));
  const called = tool_calls.flatMap(({ id, type, function: { name, arguments: input } }, index) =>
    dialect.whole_calls
      ? [{ tool_calls: [{ index, id, type, function: { name, arguments: input } }] }]
      : [
          { tool_calls: [{ index, id, type, function: { name, arguments: "" } }] },
          ...pieces(input, chunk_size).map((piece) => ({
            tool_calls: [{ index, function: { arguments: piece } }],
          })),
        ],
  );
  return [...said, ...called];
}

const head = ({ id, created_s, model }: Completion, object: string) => ({
  id,
  object,
  created: created_s,
  model,
  system_fingerprint: "fp_fake",
});
