/** One model of one provider that may be asked. */
export interface Target {
  readonly provider: string;
  readonly model: string;
}

export interface Choice<T extends Target> {
  readonly target: T;
  readonly why: string;
}

/**
 * The order in which targets are asked: the person's wish first when it is configured, then the
 * configured order. Pure.
 */
export function routeTargets<T extends Target>(
  targets: readonly T[],
  wish: string | null,
): readonly Choice<T>[] {
  const wished = wish === null ? undefined : targets.find((target) => isWish(target, wish));
  const order = wished === undefined ? targets : [wished, ...targets.filter((t) => t !== wished)];
  return order.map((target, i) => ({ target, why: whyAt(i, target === wished) }));
}

const isWish = ({ provider, model }: Target, wish: string): boolean =>
  wish === model || wish === provider || wish === `${provider}/${model}`;

function whyAt(index: number, wished: boolean): string {
  if (wished) return "you asked for it";
  return index === 0 ? "first in the configured order" : "the ones before it did not answer";
}
