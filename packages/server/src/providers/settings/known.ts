import type { ProviderType } from "../target.ts";

/** A provider that is found from its variables alone. */
export interface KnownProvider {
  readonly id: string;
  readonly type: ProviderType;
  readonly key_variable: string;
  readonly model_variable: string;
  /** What it is asked for where nobody says otherwise. */
  readonly model: string;
  /** Such a model thinks before it speaks, and nothing of that is streamed. */
  readonly thinks_silently: boolean;
  /** Where a person gets a key. */
  readonly keys_page: string;
}

/**
 * In the order in which they are asked where nothing else is said. The models are those of October
 * 2026; each start looks whether the provider still has them. OpenAI's are asked over chat completions,
 * where none after gpt-5.4 takes tools without being told not to think.
 */
export const knownProviders: readonly KnownProvider[] = [
  {
    ...{ id: "cerebras", type: "cerebras", model: "gpt-oss-120b", thinks_silently: false },
    ...{ key_variable: "CEREBRAS_API_KEY", model_variable: "CEREBRAS_MODEL" },
    keys_page: "https://cloud.cerebras.ai",
  },
  {
    ...{ id: "groq", type: "groq", model: "openai/gpt-oss-120b", thinks_silently: false },
    ...{ key_variable: "GROQ_API_KEY", model_variable: "GROQ_MODEL" },
    keys_page: "https://console.groq.com/keys",
  },
  {
    ...{ id: "mistral", type: "mistral", model: "mistral-medium-latest", thinks_silently: false },
    ...{ key_variable: "MISTRAL_API_KEY", model_variable: "MISTRAL_MODEL" },
    keys_page: "https://console.mistral.ai/api-keys",
  },
  {
    ...{ id: "cohere", type: "cohere", model: "command-a-03-2025", thinks_silently: false },
    ...{ key_variable: "COHERE_API_KEY", model_variable: "COHERE_MODEL" },
    keys_page: "https://dashboard.cohere.com/api-keys",
  },
  {
    ...{ id: "openai", type: "openai", model: "gpt-5.4", thinks_silently: false },
    ...{ key_variable: "OPENAI_API_KEY", model_variable: "OPENAI_MODEL" },
    keys_page: "https://platform.openai.com/api-keys",
  },
  {
    ...{ id: "anthropic", type: "anthropic", model: "claude-sonnet-5", thinks_silently: false },
    ...{ key_variable: "ANTHROPIC_API_KEY", model_variable: "ANTHROPIC_MODEL" },
    keys_page: "https://console.anthropic.com/settings/keys",
  },
  {
    ...{ id: "google", type: "google", model: "gemini-3.8-flash", thinks_silently: true },
    ...{ key_variable: "GOOGLE_GENERATIVE_AI_API_KEY", model_variable: "GOOGLE_MODEL" },
    keys_page: "https://aistudio.google.com/apikey",
  },
];

/** Null for an OpenAI-compatible server, of which only its operator knows anything. */
export const knownOf = (type: ProviderType): KnownProvider | null =>
  knownProviders.find((known) => known.type === type) ?? null;
