import type { ModelMessage } from "./model.ts";

/** English prose has about 4 bytes a token, code about 3.5; scripts of other families have fewer. */
export const BYTES_A_TOKEN = 3.5;
/** What a provider adds around a message: role, separators, ids. */
export const MESSAGE_TOKENS = 8;

/** Tokens of a text without a tokenizer: a bound that errs high for prose and code. */
export const estimateTokens = (text: string): number => tokensOfBytes(Buffer.byteLength(text));

export const tokensOfBytes = (bytes: number): number => Math.ceil(bytes / BYTES_A_TOKEN);

/** Tokens of messages, their calls and overhead included. */
export const messageTokens = (messages: readonly ModelMessage[]): number =>
  messages.reduce((sum, message) => sum + tokensOf(message), 0);

function tokensOf(message: ModelMessage): number {
  const calls = message.role === "assistant" ? message.tool_calls : [];
  const inputs = calls.map((call) => MESSAGE_TOKENS + estimateTokens(call.name + call.input));
  return MESSAGE_TOKENS + estimateTokens(message.text) + inputs.reduce((a, b) => a + b, 0);
}
