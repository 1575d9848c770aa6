/** What `mainstay provider` does without a server. */
import { systemClock } from "@mainstay/sdk/clock";
import { type Config, readConfig } from "../config.ts";
import {
  createDiscovery,
  keepKey,
  knownProviders,
  originOf,
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

/** What wants a key and has none is listed, tested and set all the same. */
const readKeyless = () => readConfig(undefined, { needs_keys: false });

/** In the order in which they are asked. @throws ConfigFault */
export const configuredProviders = (config: Config = readKeyless()): ConfiguredProvider[] =>
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
 * Really calls a provider, or all of them, model servers of this machine among them: the default model
 * with each key. Yields each step as it ends, and nothing where none has that name. @throws ConfigFault
 */
export async function* testProviders(name: string | null): AsyncGenerator<TriedStep> {
  const config = readKeyless();
  const is_meant = ({ id }: { readonly id: string }) => name === null || id === name;
  for (const provider of config.providers.filter(is_meant)) yield* trialsOf(provider);
  const places = config.local_places.filter(is_meant);
  const { found, why } = await lookFor(places, config.uid);
  for (const provider of found) yield* trialsOf(provider);
  const [place] = places;
  if (name !== null && place !== undefined && found.length === 0) yield absent(place, why);
}

/** One look at each; `why` tells what stands in the way. */
async function lookFor(places: Config["local_places"], uid: number) {
  const found: ProviderSettings[] = [];
  const why: string[] = [];
  const note = (_: object, message: string) => void why.push(message);
  const discovery = createDiscovery({
    ...{ places, uid, clock: systemClock, log: { info: note, warn: note, error: note } },
    found: (settings) => void found.push(settings),
  });
  await discovery.start();
  await discovery.stop();
  return { found, why };
}

const absent = (
  { id, base_url, model }: Config["local_places"][number],
  why: readonly string[],
): TriedStep => ({
  ...{ provider: id, model: model ?? "any model", credential: "none", step: "models" },
  ...{ outcome: "failed", code: "connect", took_ms: 0 },
  detail: why.join("; ") || `nobody answers at ${base_url}`,
  fix: why.length > 0 ? null : `start it, or say where it is in mainstay.json, as ${id}`,
});

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
  const proposed = { provider: name, api_key };
  const { providers, home, uid } = readConfig(undefined, { proposed, needs_keys: false });
  const configured = [...new Set([...providers.map(({ id }) => id), ...knownIds()])];
  const provider = providers.find(({ id }) => id === name);
  if (provider === undefined)
    return { kind: "unknown", configured: configured.filter((id) => id !== name) };
  if (!provider.api_keys.includes(api_key)) return { kind: "outdone", source: provider.source };
  return {
    kind: "fit",
    test: () => trialsOf({ ...provider, api_keys: [api_key] }),
    keep: () =>
      keepKey(home, uid, name, { api_key, origin: originOf(provider.base_url) }, systemClock),
  };
}

/** What a trial says of its key: it answers; it may be right, but is not answered now; or it is no good. */
export function verdictOf(steps: readonly TrialStep[]): "answers" | "busy" | "refused" {
  if (steps.some(({ step, outcome }) => step === "text" && outcome === "passed")) return "answers";
  return steps.some(({ code }) => code === "rate" || code === "overload") ? "busy" : "refused";
}
