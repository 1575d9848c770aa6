import type { Target } from "./target.ts";

export interface Route<T> {
  readonly order: readonly T[];
  /** The first of the order is the person's wish. */
  readonly is_wish: boolean;
}

/**
 * The order in which targets are asked: the person's wish first where it is configured, then the default
 * models in the configured order of their providers, then further models: what fails one model of a
 * provider often fails the next. Pure.
 */
export function routeTargets<T extends { readonly target: Target }>(
  members: readonly T[],
  wish: string | null,
): Route<T> {
  const wished = wish === null ? [] : members.filter(({ target }) => isWish(target, wish));
  const others = members
    .filter((member) => !wished.includes(member))
    .toSorted((a, b) => a.target.rank - b.target.rank);
  return { order: [...wished, ...others], is_wish: wished.length > 0 };
}

const isWish = ({ provider, model }: Target, wish: string): boolean =>
  wish === model || wish === provider || wish === `${provider}/${model}`;
