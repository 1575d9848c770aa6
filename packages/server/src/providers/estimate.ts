import type { Usage } from "@mainstay/sdk/turn";
import type { ModelRequest } from "../kernel/model.ts";
import { estimateTokens, messageTokens, tokensOfBytes } from "../kernel/tokens.ts";

/** More tokens than any model takes or gives in one attempt: a count past this is no count. */
const MOST_TOKENS = 10_000_000;

/** What an attempt is known to have taken without a word from its provider. */
export interface Exchange {
  /** Of the request, by `requestTokens`. */
  readonly input_tokens: number;
  /** UTF-8, of all that came: text, thoughts, and the pieces of calls. */
  readonly output_bytes: number;
}

/** What a provider says that an attempt took; undefined where it says nothing. */
export interface ToldUsage {
  readonly input_tokens: number | undefined;
  readonly output_tokens: number | undefined;
}

/** The size of a request in tokens, its tools included: an estimate that errs high. */
export const requestTokens = ({ messages, tools }: Pick<ModelRequest, "messages" | "tools">) =>
  messageTokens(messages) +
  tools.reduce((sum, tool) => sum + estimateTokens(JSON.stringify(tool)), 0);

/**
 * What an attempt took: what its provider told, and where that is missing or cannot be (no tokens for
 * words that came, negative, not a number, past all bounds) our estimate. Pure.
 */
export function usageOf(
  told: ToldUsage | null,
  { input_tokens, output_bytes }: Exchange,
): { usage: Usage; estimated: boolean } {
  const input = believed(told?.input_tokens, true);
  const output = believed(told?.output_tokens, output_bytes > 0);
  const usage = {
    input_tokens: input ?? input_tokens,
    output_tokens: output ?? tokensOfBytes(output_bytes),
  };
  return { usage, estimated: input === null || output === null };
}

/** Some servers count in fractions. */
function believed(count: number | undefined, is_some: boolean): number | null {
  if (count === undefined || !(count >= 0 && count <= MOST_TOKENS)) return null;
  return is_some && count === 0 ? null : Math.ceil(count);
}
