/** One line of the report. */
export interface Claim {
  readonly claim: string;
  /** Measurements behind it. */
  readonly n: number;
  readonly measured: number;
  readonly unit:
    | "ms"
    | "s"
    | "MB"
    | "turns/s"
    | "records/s"
    | "commands/s"
    | "edits/s"
    | "µs"
    | "%";
  readonly target: Target | null;
  /** What went into the figure, where the name does not say it. */
  readonly note: string;
}

/** A bound of our own, or the best figure of the peers, of which none syncs or sandboxes. */
export interface Target {
  readonly limit: number;
  readonly is: "at most" | "at least";
  readonly set_by: "us" | "best peer";
}

export type Verdict = "met" | "missed" | "ahead" | "behind" | "–";

export function verdictOf({ measured, target }: Claim): Verdict {
  if (target === null) return "–";
  const holds = target.is === "at most" ? measured <= target.limit : measured >= target.limit;
  if (target.set_by === "us") return holds ? "met" : "missed";
  return holds ? "ahead" : "behind";
}

export const ours = (is: Target["is"], limit: number): Target => ({ is, limit, set_by: "us" });
export const peers = (is: Target["is"], limit: number): Target => ({
  is,
  limit,
  set_by: "best peer",
});
