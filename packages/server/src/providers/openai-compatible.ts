import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  LanguageModelV4StreamPart,
} from "@ai-sdk/provider";
import type { ModelMessage, ModelRequest } from "../kernel/model.ts";

/** The stream parts of the AI SDK, as every adapter gives them. */
export type WireStream = ReadableStream<LanguageModelV4StreamPart>;

/** Asks one model once. No retries here: they belong to the attempt engine. */
export type Ask = (request: ModelRequest, signal: AbortSignal) => Promise<WireStream>;

export interface OpenAICompatibleSettings {
  readonly provider: string;
  readonly model: string;
  readonly base_url: string;
  readonly api_key: string | null;
}

/** Any server that speaks OpenAI's chat completions. */
export function openAICompatible(settings: OpenAICompatibleSettings): Ask {
  const { provider, model, base_url, api_key } = settings;
  const chat = createOpenAICompatible({
    name: provider,
    baseURL: base_url,
    includeUsage: true,
    ...(api_key === null ? {} : { apiKey: api_key }),
  }).chatModel(model);
  return (request, signal) => askModel(chat, request, signal);
}

async function askModel(
  chat: LanguageModelV4,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<WireStream> {
  const options: LanguageModelV4CallOptions = {
    prompt: request.messages.map(wireMessage),
    tools: request.tools.map(({ name, description, parameters }) => ({
      type: "function",
      name,
      description,
      inputSchema: parameters,
    })),
    abortSignal: signal,
  };
  return (await chat.doStream(options)).stream;
}

function wireMessage(message: ModelMessage): LanguageModelV4Message {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.text };
    case "user":
      return { role: "user", content: [{ type: "text", text: message.text }] };
    case "assistant":
      return {
        role: "assistant",
        content: [
          ...(message.text === "" ? [] : [{ type: "text" as const, text: message.text }]),
          ...message.tool_calls.map((call) => ({
            type: "tool-call" as const,
            toolCallId: call.id,
            toolName: call.name,
            input: argumentsOf(call.input),
          })),
        ],
      };
    case "tool":
      return {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: message.call_id,
            toolName: message.tool,
            output: { type: "text", value: message.text },
          },
        ],
      };
  }
}

/** Arguments that were no JSON go back as the text they were. */
function argumentsOf(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}
