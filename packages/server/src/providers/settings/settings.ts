import type { ProviderSettings, ProviderType, TargetLimits } from "../target.ts";
import { BaseUrl, type ProviderEntry } from "./entry.ts";
import { KEPT_KEYS_FILE, type KeptKeys } from "./kept-keys.ts";
import { type KnownProvider, knownOf, knownProviders } from "./known.ts";
import { inOrder } from "./order.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ProposedKey {
  readonly provider: string;
  readonly api_key: string;
}

export interface SettingsSources {
  /** Of `mainstay.json`. */
  readonly entries: readonly ProviderEntry[];
  /** Without variables that are set to nothing. */
  readonly env: Environment;
  readonly kept: KeptKeys;
  /** A key that is to be kept if it is fit. */
  readonly proposed: ProposedKey | null;
  /** Whether a provider that wants a key and has none is a fault. */
  readonly needs_keys: boolean;
  /** Ids that are asked first, in this order. */
  readonly order: readonly string[];
}

const BASE_URL_VARIABLE = "OPENAI_BASE_URL";
/** Where that variable says to send the key of this one, and no other. */
const BASE_URL_KEY = "OPENAI_API_KEY";
/** A provider's keys are longer. */
const KEY_LEAST_CHARS = 8;

/**
 * The providers in the order in which they are asked: those of the file by priority, then those whose
 * key is found, as `knownProviders` has them; what `order` names comes before all. Pure. A key wins from
 * its variable over one that was kept. What is wrong is added to `faults`, each with its fix.
 */
export function readProviders(sources: SettingsSources, faults: string[]): ProviderSettings[] {
  const entries = sources.entries.toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0));
  const taken = new Set(entries.flatMap((entry) => [entry.id, ...variablesOf(entry)]));
  // A key that an entry uses goes where that entry says, and nowhere else.
  const found = knownProviders.filter(
    ({ id, key_variable }) => !taken.has(id) && !taken.has(key_variable),
  );
  const settings = [
    ...entries.map((entry) => fromEntry(entry, sources, faults)),
    ...found.flatMap((known) => fromVariables(known, sources, faults) ?? []),
  ];
  faults.push(...faultsOf(settings, sources.order));
  return inOrder(settings, sources.order);
}

/** Which variables hold the keys of an entry. */
function variablesOf({ type, api_key_env }: ProviderEntry): readonly string[] {
  if (api_key_env === undefined) return knownOf(type) === null ? [] : [knownOf(type)!.key_variable];
  return [api_key_env].flat();
}

interface Found {
  readonly api_keys: readonly string[];
  /** Where they come from, in words. */
  readonly from: string | null;
}

/** `base_url` is where they are to go. */
function keysFor(
  id: string,
  variables: readonly string[],
  base_url: string | null,
  { env, kept, proposed }: SettingsSources,
  faults: string[],
): Found {
  const set = variables.filter((name) => env[name] !== undefined);
  const api_keys = [...new Set(set.map((name) => env[name]!))];
  faults.push(...set.flatMap((name) => keyFault(name, env[name]!, base_url)));
  if (set.length > 0) return { api_keys, from: set.join(", ") };
  const key = proposed?.provider === id ? { ...proposed, origin: originOf(base_url) } : kept[id];
  if (key === undefined) return { api_keys: [], from: null };
  faults.push(...keyFault(`${id} in ${KEPT_KEYS_FILE}`, key.api_key, base_url));
  if (key.origin !== originOf(base_url))
    faults.push(
      `the key of ${id} was kept for ${placeInWords(key.origin)}, and would now go to ` +
        `${placeInWords(originOf(base_url))}: keep one for there with: mainstay provider set ${id}`,
    );
  return { api_keys: [key.api_key], from: KEPT_KEYS_FILE };
}

/** Null: the provider's own address. */
export const originOf = (base_url: string | null): string | null =>
  base_url === null ? null : (URL.parse(base_url)?.origin ?? base_url);

const placeInWords = (origin: string | null): string => origin ?? "the provider's own address";

/** A key goes into a header as it is; one that cannot is a paste that went wrong. */
function keyFault(where: string, key: string, base_url: string | null): string[] {
  if (!/^[!-~]+$/.test(key))
    return [`${where} holds a space or a sign that no key has: paste the key alone`];
  // Servers of one's own often take any word.
  return base_url === null && key.length < KEY_LEAST_CHARS
    ? [`${where} is too short for a key: paste the whole of it`]
    : [];
}

function fromEntry(
  entry: ProviderEntry,
  sources: SettingsSources,
  faults: string[],
): ProviderSettings {
  const { id, limits, prices, priority: _, ...rest } = entry;
  const known = knownOf(entry.type);
  const is_own = known?.id === id;
  const variables = variablesOf(entry);
  const { type, base_url } = placeOf(entry.type, rest.base_url, variables, sources.env, faults);
  const { api_keys, from } = keysFor(id, variables, base_url, sources, faults);
  if (sources.needs_keys && variables.length > 0 && api_keys.length === 0)
    faults.push(
      `provider ${id} has no key: set ${variables.join(" or ")}, or keep one with: mainstay provider set ${id}`,
    );
  const told = is_own ? sources.env[known.model_variable] : undefined;
  const models = modelsOf(told, rest.models, known);
  if (models.length === 0)
    faults.push(`provider ${id}: models is missing; name what it is to be asked for`);
  if (type === "openai-compatible" && base_url === null)
    faults.push(`provider ${id}: base_url is missing; https://host/v1, say`);
  return {
    ...{ id, type, base_url, api_keys, models },
    limits: limitsOf(limits),
    prices: prices ?? {},
    reasoning: rest.reasoning ?? silentThinkers(models, known),
    source: from === null ? "mainstay.json" : `mainstay.json, key from ${from}`,
  };
}

/** Null where nothing speaks of it. */
function fromVariables(
  known: KnownProvider,
  sources: SettingsSources,
  faults: string[],
): ProviderSettings | null {
  const { id, key_variable, model_variable } = known;
  const { type, base_url } = placeOf(known.type, undefined, [key_variable], sources.env, faults);
  const { api_keys, from } = keysFor(id, [key_variable], base_url, sources, faults);
  // A server of one's own often wants no key; the named providers do.
  if (from === null && base_url === null) return null;
  const models = modelsOf(sources.env[model_variable], undefined, known);
  return {
    ...{ id, type, base_url, api_keys, models },
    ...{ limits: limitsOf(undefined), prices: {}, reasoning: silentThinkers(models, known) },
    source: from ?? BASE_URL_VARIABLE,
  };
}

/** What answers at OpenAI's variable is somebody else, who is only like it. */
function placeOf(
  type: ProviderType,
  base_url: string | undefined,
  key_variables: readonly string[],
  env: Environment,
  faults: string[],
): Pick<ProviderSettings, "type" | "base_url"> {
  const holds = type === "openai" && key_variables.includes(BASE_URL_KEY);
  const told = holds ? env[BASE_URL_VARIABLE] : undefined;
  if (base_url !== undefined || told === undefined) return { type, base_url: base_url ?? null };
  const url = BaseUrl.safeParse(told);
  if (!url.success) faults.push(`${BASE_URL_VARIABLE} ${url.error.issues[0]!.message}`);
  return { type: "openai-compatible", base_url: told };
}

function modelsOf(
  told: string | undefined,
  listed: readonly string[] | undefined,
  known: KnownProvider | null,
): readonly string[] {
  const fallback = told === undefined && known !== null ? [known.model] : [];
  return [...new Set([...(told === undefined ? [] : [told]), ...(listed ?? fallback)])];
}

const limitsOf = (limits: ProviderEntry["limits"]): TargetLimits => ({
  concurrency: limits?.concurrency ?? null,
  requests_per_minute: limits?.requests_per_minute ?? null,
  tokens_per_minute: limits?.tokens_per_minute ?? null,
});

const silentThinkers = (models: readonly string[], known: KnownProvider | null): string[] =>
  known?.thinks_silently ? models.filter((model) => model === known.model) : [];

function faultsOf(settings: readonly ProviderSettings[], order: readonly string[]): string[] {
  const ids = settings.map(({ id }) => id);
  const twice = new Set(ids.filter((id, i) => ids.indexOf(id) !== i));
  const sayable = new Set([...ids, ...knownProviders.map(({ id }) => id)]);
  return [
    ...[...twice].map((id) => `two providers are named ${id}; give each its own id`),
    ...order
      .filter((id) => !sayable.has(id))
      .map((id) => `provider_order names ${id}, which is no provider; fix: ${ids.join(", ")}`),
    ...settings.flatMap(strayModels),
  ];
}

/** A price or a mark of a model that is never asked is a slip of the pen. */
function strayModels({ id, models, prices, reasoning }: ProviderSettings): string[] {
  const stray = (setting: string, names: readonly string[]) =>
    names
      .filter((name) => !models.includes(name))
      .map((name) => `provider ${id}: ${setting} names ${name}, which is not one of its models`);
  return [...stray("prices", Object.keys(prices)), ...stray("reasoning", reasoning)];
}
