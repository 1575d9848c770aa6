import type { Usage } from "@mainstay/sdk/turn";
import type { Bill } from "../kernel/model.ts";
import { type Exchange, type ToldUsage, usageOf } from "./estimate.ts";
import type { Price, ProviderSettings, Target } from "./target.ts";

/** A dollar for a million tokens is a millionth of a dollar, so a million of these, for each. */
const PARTS = 1_000_000;

/**
 * Millionths of a US dollar, whole, rounded up; null without a price. The sum is made in integers:
 * prices have six decimals at most, and a product of fractions would cost one more now and then.
 */
export function costOf(usage: Usage, price: Price | null): number | null {
  if (price === null) return null;
  const input = usage.input_tokens * Math.round(price.input_usd * PARTS);
  const output = usage.output_tokens * Math.round(price.output_usd * PARTS);
  return Math.ceil((input + output) / PARTS);
}

/** The same by the names of provider and model, as the configuration has them now. */
export const costsBy =
  (providers: readonly Pick<ProviderSettings, "id" | "prices">[]) =>
  ({ provider, model }: Pick<Target, "provider" | "model">, usage: Usage): number | null =>
    costOf(usage, providers.find(({ id }) => id === provider)?.prices[model] ?? null);

/**
 * The bill of one attempt of `target`. `told` is null where its provider told no usage, as when it
 * was cut; then what is billed is what is known to have gone and come.
 */
export function billOf(
  { credential, price }: Pick<Target, "credential" | "price">,
  told: ToldUsage | null,
  exchange: Exchange,
): Bill {
  const { usage, estimated } = usageOf(told, exchange);
  return { credential, usage, estimated, cost_micro_usd: costOf(usage, price) };
}
