import { hash } from "node:crypto";
import type { LanguageModelV4CallOptions, LanguageModelV4Message } from "@ai-sdk/provider";
import type { ToolCall } from "@mainstay/sdk/events";
import type { ModelMessage, ModelRequest } from "../../kernel/model.ts";
import type { ProviderType } from "../target.ts";

/**
 * A conversation as every provider takes it: no empty text, arguments that are objects, and what
 * single ones insist on besides. Journals hold ids and texts of all of them.
 */
export function wirePrompt(
  messages: readonly ModelMessage[],
  type: ProviderType,
): LanguageModelV4Message[] {
  const idOf = type === "mistral" ? mistralId : (id: string) => id;
  const prompt = messages.flatMap((message) => wireMessage(message, idOf));
  return type === "mistral" ? withAnswers(prompt) : prompt;
}

export const wireTools = (
  tools: ModelRequest["tools"],
): NonNullable<LanguageModelV4CallOptions["tools"]> =>
  tools.map(({ name, description, parameters }) => ({
    type: "function",
    name,
    description,
    inputSchema: parameters,
  }));

/** Anthropic, Cohere and Google refuse a text without a word; others take it as it is meant. */
const EMPTY = "(empty)";
const spoken = (text: string): string => (text.trim() === "" ? EMPTY : text);

function wireMessage(message: ModelMessage, idOf: (id: string) => string) {
  const made = madeOf(message, idOf);
  return made === null ? [] : [made];
}

function madeOf(
  message: ModelMessage,
  idOf: (id: string) => string,
): LanguageModelV4Message | null {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.text };
    case "user":
      return { role: "user", content: [{ type: "text", text: spoken(message.text) }] };
    case "assistant":
      return assistant(message.text, message.tool_calls, idOf);
    case "tool":
      return {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: idOf(message.call_id),
            toolName: message.tool,
            output: { type: "text", value: spoken(message.text) },
          },
        ],
      };
  }
}

/** One that said nothing and called nothing is left out: no provider takes it. */
function assistant(
  text: string,
  calls: readonly ToolCall[],
  idOf: (id: string) => string,
): LanguageModelV4Message | null {
  const said = text.trim() === "" ? [] : [{ type: "text" as const, text: text.trimEnd() }];
  const called = calls.map((call) => ({
    type: "tool-call" as const,
    toolCallId: idOf(call.id),
    toolName: call.name,
    input: argumentsOf(call.input),
  }));
  const content = [...said, ...called];
  return content.length === 0 ? null : { role: "assistant", content };
}

/** What a model wrote as arguments and is no object goes back as the text it was, inside of one. */
function argumentsOf(input: string): object {
  try {
    const value: unknown = JSON.parse(input);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // It is told as it was.
  }
  return { unreadable_arguments: input };
}

const MISTRAL_ID = /^[A-Za-z0-9]{9}$/;

/** Mistral takes nine letters or digits and nothing else; the same call has the same id each time. */
function mistralId(id: string): string {
  return MISTRAL_ID.test(id) ? id : hash("sha256", id, "hex").slice(0, 9);
}

/** Mistral refuses a person's word after a tool's result: the assistant has to speak between them. */
function withAnswers(prompt: readonly LanguageModelV4Message[]): LanguageModelV4Message[] {
  return prompt.flatMap((message, i) =>
    message.role === "user" && prompt[i - 1]?.role === "tool"
      ? [{ role: "assistant" as const, content: [{ type: "text" as const, text: "…" }] }, message]
      : [message],
  );
}
