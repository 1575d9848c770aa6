/**
 * How often a fault is planted and from which seed: a few rounds in `npm test`, all of them in
 * `npm run torture`. `TORTURE_SEED` repeats another run.
 */
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    torture: { readonly scale: "short" | "long"; readonly seed: number };
  }
}

const { scale, seed } = inject("torture");
export { seed };

export const rounds = (of: { readonly short: number; readonly long: number }): number => of[scale];

/** What a row of docs/proof.md quotes: the fault, how often, from which seed, what came of it. */
export function report(fault: string, n: number, found: string): void {
  console.log(`torture: ${fault}: n ${n}, seed ${seed}: ${found}`);
}
