import { z } from "zod";
import { chatRequest, type ParsedChatRequest } from "../chat-request.ts";
import { type Completion, pieces } from "../completion.ts";
import { event, type StreamText, type Wire } from "./wire.ts";

const CHAT_PATH = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

/** Google's Gemini API: model and manner in the path, parts instead of deltas, calls without ids. */
export const google: Wire = {
  base_path: "/v1beta",
  route: (method, path) => {
    const [, model, verb] = (method === "POST" && CHAT_PATH.exec(path)) || [];
    if (model !== undefined)
      return { kind: "chat", model, stream: verb === "streamGenerateContent" };
    return method === "GET" && path === "/v1beta/models" ? { kind: "models" } : null;
  },
  keyOf: (headers) =>
    typeof headers["x-goog-api-key"] === "string" ? headers["x-goog-api-key"] : null,
  read: (body, { model = "", stream = false }) => requestOf(Contents.parse(body), model, stream),
  models: (names) => ({
    models: names.map((name) => ({
      name: `models/${name}`,
      displayName: name,
      supportedGenerationMethods: ["generateContent"],
    })),
  }),
  whole: (completion) => ({
    candidates: [candidate(partsOf(completion), finishOf(completion))],
    usageMetadata: usageOf(completion),
    modelVersion: completion.model,
    responseId: completion.id,
  }),
  stream: streamText,
  refusal: ({ status, message, type }) => ({ error: { code: status, message, status: type } }),
  streamError: (refusal) => event(refusal),
};

const finishes: Partial<Record<string, string>> = {
  stop: "STOP",
  length: "MAX_TOKENS",
  tool_calls: "STOP",
  content_filter: "SAFETY",
};

const Part = z.union([
  z.looseObject({ text: z.string().min(1) }),
  z.looseObject({
    functionCall: z.looseObject({
      name: z.string(),
      args: z.record(z.string(), z.unknown()).default({}),
    }),
  }),
  z.looseObject({
    functionResponse: z.looseObject({ name: z.string(), response: z.looseObject({}) }),
  }),
]);
const Contents = z.looseObject({
  systemInstruction: z
    .looseObject({ parts: z.array(z.looseObject({ text: z.string() })) })
    .optional(),
  contents: z
    .array(z.looseObject({ role: z.enum(["user", "model"]), parts: z.array(Part).min(1) }))
    .min(1),
  tools: z
    .array(
      z.looseObject({
        functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]),
      }),
    )
    .default([]),
});
type Request = z.infer<typeof Contents>;

function requestOf(body: Request, model: string, stream: boolean): ParsedChatRequest {
  const system = body.systemInstruction?.parts.map(({ text }) => text).join("\n");
  return chatRequest.parse({
    model,
    stream,
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      ...body.contents.flatMap(spokenBy),
    ],
    tools: body.tools.flatMap(({ functionDeclarations }) =>
      functionDeclarations.map((declared) => ({ type: "function", function: declared })),
    ),
  });
}

function spokenBy({ role, parts }: Request["contents"][number]): object[] {
  if (role === "user")
    return parts.map((part) =>
      "functionResponse" in part
        ? {
            role: "tool",
            content: JSON.stringify((part as ResponsePart).functionResponse.response),
          }
        : { role: "user", content: (part as { text: string }).text },
    );
  const tool_calls = parts.flatMap((part, index) =>
    "functionCall" in part ? [callOf(part as CallPart, index)] : [],
  );
  const texts = parts.flatMap((part) => ("text" in part ? [part.text] : []));
  return [{ role: "assistant", content: texts.join(""), tool_calls }];
}

interface CallPart {
  functionCall: { name: string; args: Record<string, unknown> };
}
interface ResponsePart {
  functionResponse: { response: object };
}

const callOf = ({ functionCall: { name, args } }: CallPart, index: number) => ({
  id: `call_${index}`,
  type: "function",
  function: { name, arguments: JSON.stringify(args) },
});

const candidate = (parts: readonly object[], finishReason: string | null = null) => ({
  content: { role: "model", parts },
  ...(finishReason !== null && { finishReason }),
  index: 0,
});

const usageOf = ({ usage }: Completion) => ({
  promptTokenCount: usage.prompt_tokens,
  candidatesTokenCount: usage.completion_tokens,
  totalTokenCount: usage.total_tokens,
});

function partsOf({ text, tool_calls }: Completion): object[] {
  return [...(text === "" ? [] : [{ text }]), ...tool_calls.flatMap(callParts)];
}

const Args = z.record(z.string(), z.unknown());

/** The API tells a call whose arguments are no object by its finish reason, and not at all. */
function callParts({ function: { name, arguments: input } }: Completion["tool_calls"][number]) {
  const args = argsOf(input);
  return args === null ? [] : [{ functionCall: { name, args } }];
}

function argsOf(input: string): Record<string, unknown> | null {
  try {
    return Args.parse(JSON.parse(input));
  } catch {
    return null;
  }
}

function finishOf({ finish_reason, tool_calls }: Completion): string | null {
  if (finish_reason === null) return null;
  const broken = tool_calls.some((call) => argsOf(call.function.arguments) === null);
  return broken ? "MALFORMED_FUNCTION_CALL" : (finishes[finish_reason] ?? "OTHER");
}

function streamText(completion: Completion): StreamText {
  const { text, tool_calls, chunk_size } = completion;
  const finish = finishOf(completion);
  const chunk = (parts: readonly object[], finished: string | null = null) =>
    event({
      candidates: [candidate(parts, finished)],
      usageMetadata: usageOf(completion),
      modelVersion: completion.model,
      responseId: completion.id,
    });
  return {
    opening: "",
    content: [
      ...pieces(text, chunk_size).map((piece) => chunk([{ text: piece }])),
      ...tool_calls.flatMap(callParts).map((part) => chunk([part])),
    ],
    closing: finish === null ? "" : chunk([{ text: "" }], finish),
  };
}
