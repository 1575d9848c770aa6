import { credentialOf, type ProviderSettings, type Target } from "./target.ts";

export interface KeyedTarget {
  readonly target: Target;
  readonly api_key: string | null;
}

/** The targets of one provider: each model with each key, the default model first. Pure. */
export function targetsOf(settings: ProviderSettings): KeyedTarget[] {
  const { id: provider, type, base_url, models, limits, prices, reasoning } = settings;
  const api_keys = settings.api_keys.length === 0 ? [null] : settings.api_keys;
  const is_local = base_url !== null && isLocal(base_url);
  return models.flatMap((model, rank) =>
    api_keys.map((api_key) => ({
      api_key,
      target: {
        ...{ provider, type, model, rank, is_local, limits },
        credential: credentialOf(api_key),
        is_reasoning: reasoning.includes(model),
        price: prices[model] ?? null,
      },
    })),
  );
}

/** A model on this machine may load for minutes before its first token. */
function isLocal(base_url: string): boolean {
  const hostname = URL.parse(base_url)?.hostname ?? "";
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
