/** The bounds of one step, across retries, keys, providers, and both phases of a stream. */
export const stepBounds = {
  total_ms: 600_000,
  attempts_a_target: 3,
  attempts: 12,
  /** Two US dollars. */
  cost_micro_usd: 2_000_000,
} as const;
export type StepBounds = { readonly [Name in keyof typeof stepBounds]: number };

/** What a step has taken so far. */
export interface StepBudget {
  readonly began_ms: number;
  /** By target. */
  readonly attempts: ReadonlyMap<string, number>;
  readonly cost_micro_usd: number;
}

export type MayTry =
  | { readonly may: true }
  | { readonly may: false; readonly bound: keyof StepBounds; readonly reason: string };

/** `now_ms` is monotonic. */
export const beginBudget = (now_ms: number): StepBudget => ({
  began_ms: now_ms,
  attempts: new Map(),
  cost_micro_usd: 0,
});

/** Whether the step may ask this target once more. Pure. */
export function mayTry(
  budget: StepBudget,
  target: string,
  now_ms: number,
  bounds: StepBounds = stepBounds,
): MayTry {
  if (remainingMs(budget, now_ms, bounds) <= 0)
    return { may: false, bound: "total_ms", reason: "the step's time is up" };
  if (attemptsOf(budget) >= bounds.attempts)
    return { may: false, bound: "attempts", reason: `${bounds.attempts} attempts were made` };
  if ((budget.attempts.get(target) ?? 0) >= bounds.attempts_a_target)
    return {
      may: false,
      bound: "attempts_a_target",
      reason: `it was asked ${bounds.attempts_a_target} times`,
    };
  if (budget.cost_micro_usd >= bounds.cost_micro_usd)
    return { may: false, bound: "cost_micro_usd", reason: "the step cost as much as it may" };
  return { may: true };
}

/** An attempt begins. */
export const withAttempt = (budget: StepBudget, target: string): StepBudget => ({
  ...budget,
  attempts: new Map(budget.attempts).set(target, (budget.attempts.get(target) ?? 0) + 1),
});

/** An attempt has ended; null where nobody knows what it cost. */
export const withCost = (budget: StepBudget, cost_micro_usd: number | null): StepBudget => ({
  ...budget,
  cost_micro_usd: budget.cost_micro_usd + (cost_micro_usd ?? 0),
});

/** No attempt may last longer. */
export const remainingMs = (
  { began_ms }: StepBudget,
  now_ms: number,
  bounds: StepBounds = stepBounds,
): number => Math.max(0, began_ms + bounds.total_ms - now_ms);

const attemptsOf = ({ attempts }: StepBudget): number =>
  [...attempts.values()].reduce((sum, count) => sum + count, 0);
