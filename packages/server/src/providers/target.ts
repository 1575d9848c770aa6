import { hash } from "node:crypto";

export const providerTypes = [
  "cerebras",
  "groq",
  "mistral",
  "cohere",
  "openai",
  "anthropic",
  "google",
  "openai-compatible",
] as const;
/** Whose wire format, error bodies and rate headers a provider speaks. */
export type ProviderType = (typeof providerTypes)[number];

/** US dollars for a million tokens. */
export interface Price {
  readonly input_usd: number;
  readonly output_usd: number;
}

/** What an operator allows beside what the provider says of itself; null where nothing. */
export interface TargetLimits {
  readonly concurrency: number | null;
  readonly requests_per_minute: number | null;
  readonly tokens_per_minute: number | null;
}

/** A provider as the configuration has it, its keys already read. */
export interface ProviderSettings {
  readonly id: string;
  readonly type: ProviderType;
  /** Null: the type's own. */
  readonly base_url: string | null;
  /** Each is a credential of its own; empty for servers without keys. */
  readonly api_keys: readonly string[];
  /** The first is the default. */
  readonly models: readonly string[];
  readonly limits: TargetLimits;
  /** By model; what is not in it costs nobody knows what. */
  readonly prices: Readonly<Record<string, Price>>;
  /** Models that think before they speak, and so may be silent for long. */
  readonly reasoning: readonly string[];
  /** Where the setting comes from, for `doctor`. */
  readonly source: string;
}

/** One model of one provider, asked with one key. */
export interface Target {
  readonly provider: string;
  readonly type: ProviderType;
  readonly model: string;
  /** Names the key without telling it. */
  readonly credential: string;
  /** 0 is the provider's default model; others are asked after the defaults of all providers. */
  readonly rank: number;
  readonly is_local: boolean;
  readonly is_reasoning: boolean;
  readonly limits: TargetLimits;
  readonly price: Price | null;
}

/** By which a target is known over restarts. */
export const targetKey = ({ provider, model, credential }: Target): string =>
  `${provider}/${model}#${credential}`;

const FINGERPRINT_CHARS = 12;

/** Names a key without telling it: the start of its SHA-256; `none` where there is none. */
export const credentialOf = (api_key: string | null): string =>
  api_key === null ? "none" : hash("sha256", api_key, "hex").slice(0, FINGERPRINT_CHARS);
