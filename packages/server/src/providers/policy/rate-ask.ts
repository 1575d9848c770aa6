/** What a call asks of a target's rates. */
export interface RateAsk {
  /** An estimate that errs high. */
  readonly prompt_tokens: number;
  /** A guess. */
  readonly reply_tokens: number;
}

/** What any call asks for at least. */
export const anyCall: RateAsk = { prompt_tokens: 0, reply_tokens: 0 };

/** A prompt that is estimated so many times as large as a limit may be within it. */
const ESTIMATE_ERROR = 1.3;

export const tokensOf = ({ prompt_tokens, reply_tokens }: RateAsk): number =>
  prompt_tokens + reply_tokens;

/**
 * The tokens to keep free of a window for it. No more than the window holds, as only its provider knows
 * whether a guess that goes beyond is true; Infinity where the prompt is surely larger.
 */
export function tokensWithin(limit: number, ask: RateAsk): number {
  if (ask.prompt_tokens > limit * ESTIMATE_ERROR) return Infinity;
  return Math.min(tokensOf(ask), limit);
}
