import type { BodyOf, JournalEvent } from "@mainstay/sdk/events";
import { estimateTokens, messageTokens } from "../kernel/tokens.ts";
import type { ModelMessage } from "../kernel/model.ts";
import { leftOut } from "./history.ts";

/** What each compaction of a turn leaves of the tokens that were asked with: a half, then an eighth. */
const SHARES = [1 / 2, 1 / 4];
/**
 * Room for the newest step beside the person's request. The request itself is never cut to please a
 * small model: an answer to half a question would look like one to the whole.
 */
const WORK_TOKENS = 1_024;

/** What a compaction makes of a conversation, as the journal keeps it. */
export type Compaction = Omit<BodyOf<"compacted">, "type" | "step">;

/** Fits a turn's conversation, its past included, into a budget of tokens. */
export type Fit = (budget_tokens: number) => ModelMessage[];

/**
 * The tokens that a turn's conversation may have: all that is allowed until a model could not take it,
 * less from there on. Decided by the journal alone, so that a resumed turn is asked with the same.
 */
export function budgetOf(events: readonly JournalEvent[], context_tokens: number): number {
  const last = events.findLast((event) => event.type === "compacted");
  return last === undefined ? context_tokens : budgetAfter(last, events, context_tokens);
}

/** The next compaction of a turn; null where nothing more can be left out. Pure. */
export function nextCompaction(
  events: readonly JournalEvent[],
  context_tokens: number,
  fit: Fit,
): Compaction | null {
  const before = fit(budgetOf(events, context_tokens));
  const tokens_before = messageTokens(before);
  const times = events.filter((event) => event.type === "compacted").length + 1;
  const after = fit(budgetAfter({ times, tokens_before }, events, context_tokens));
  const tokens_after = messageTokens(after);
  if (tokens_after >= tokens_before) return null;
  return { times, tokens_before, tokens_after, left_out: leftOut(after) - leftOut(before) };
}

function budgetAfter(
  { times, tokens_before }: Pick<Compaction, "times" | "tokens_before">,
  [accepted]: readonly JournalEvent[],
  context_tokens: number,
): number {
  const request = accepted?.type === "accepted" ? accepted.message : "";
  const least = estimateTokens(request) + WORK_TOKENS;
  const share = SHARES[times - 1] ?? SHARES.at(-1)!;
  return Math.min(context_tokens, Math.max(least, Math.floor(tokens_before * share)));
}
