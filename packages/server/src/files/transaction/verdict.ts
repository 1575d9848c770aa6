/** How a step stands: as one side of it, as neither, or not to be seen. */
export type Standing =
  | { readonly as: "before" | "after" | "neither" }
  | { readonly as: "unseen"; readonly fault: string };

/** What an interrupted edit comes to. What is neither side was changed by somebody since, and stays so. */
export type Verdict = "applied" | "untouched" | "take back" | "unknown";

export function verdictOn(standings: readonly Standing[]): Verdict {
  const seen = new Set(standings.map(({ as }) => as));
  if (seen.size === 0) return "applied";
  if (seen.has("unseen")) return "unknown";
  if (seen.has("before")) return seen.has("after") ? "take back" : "untouched";
  return seen.has("after") ? "applied" : "unknown";
}
