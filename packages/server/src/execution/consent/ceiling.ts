import type { Ceiling } from "@mainstay/sdk/consent";

/** The most that a command may do here, and what says so, for people. */
export interface Limit {
  readonly ceiling: Ceiling;
  readonly by: string;
}

const RANK: Readonly<Record<Ceiling, number>> = { none: 0, "read-only": 1, ask: 2, trust: 3 };

/** The lowest of the workspace's own level and of all policies for its tier, workspace and person. */
export function lowest(is_trusted: boolean, policies: readonly Limit[]): Limit {
  const own: Limit = { ceiling: is_trusted ? "trust" : "ask", by: "the workspace" };
  return policies.reduce(
    (least, next) => (RANK[next.ceiling] < RANK[least.ceiling] ? next : least),
    own,
  );
}
