/** What `mainstay provider` does without a server. */
import { systemClock } from "@mainstay/sdk/clock";
import { type Config, readConfig } from "../config.ts";
import {
  keepKey,
  knownProviders,
  type ProviderSettings,
  targetsOf,
  type TrialStep,
  tryProvider,
} from "../providers/providers.ts";

export type { TrialStep } from "../providers/providers.ts";

/** A provider as the settings have it. */
export interface ConfiguredProvider {
  readonly id: string;
  readonly type: string;
  readonly models: readonly string[];
  /** Null: the provider's own. */
  readonly base_url: string | null;
  readonly keys: number;
  readonly source: string;
}

/** In the order in which they are asked. @throws ConfigFault */
export const configuredProviders = (config: Config = readConfig()): ConfiguredProvider[] =>
  config.providers.map(({ id, type, models, base_url, api_keys, source }) => ({
    ...{ id, type, models, base_url, source },
    keys: api_keys.length,
  }));

/** Names that `provider set` and the variables know without a word in the file. */
const knownIds = (): string[] => knownProviders.map(({ id }) => id);

export interface TriedStep extends TrialStep {
  readonly provider: string;
  readonly model: string;
  /** Names the key without telling it. */
  readonly credential: string;
}

/**
 * Really calls a provider, or all of them: the default model with each key. Yields each step as it ends.
 * Yields nothing where none is configured by that name. @throws ConfigFault
 */
export async function* testProviders(name: string | null): AsyncGenerator<TriedStep> {
  for (const provider of readConfig().providers)
    if (name === null || provider.id === name) yield* trialsOf(provider);
}

async function* trialsOf(provider: ProviderSettings): AsyncGenerator<TriedStep> {
  for (const tried of targetsOf(provider)) {
    const { model, credential } = tried.target;
    if (model !== provider.models[0]) continue;
    for await (const step of tryProvider({ provider, tried, clock: systemClock }))
      yield { provider: provider.id, model, credential, ...step };
  }
}

export type Proposal =
  | { readonly kind: "unknown"; readonly configured: readonly string[] }
  /** A variable holds another key, and would win. */
  | { readonly kind: "outdone"; readonly source: string }
  | {
      readonly kind: "fit";
      /** Real calls with the key. */
      test(): AsyncGenerator<TriedStep>;
      /** Keeps it for the next start of the server; returns the file. */
      keep(): Promise<string>;
    };

/** What would become of a key if it was kept. @throws ConfigFault */
export function proposeKey(name: string, api_key: string): Proposal {
  const { providers, home, uid } = readConfig(undefined, { [name]: api_key });
  const configured = [...new Set([...providers.map(({ id }) => id), ...knownIds()])];
  const provider = providers.find(({ id }) => id === name);
  if (provider === undefined)
    return { kind: "unknown", configured: configured.filter((id) => id !== name) };
  if (!provider.api_keys.includes(api_key)) return { kind: "outdone", source: provider.source };
  return {
    kind: "fit",
    test: () => trialsOf({ ...provider, api_keys: [api_key] }),
    keep: () => keepKey(home, uid, name, api_key),
  };
}
