import { createAnthropic } from "@ai-sdk/anthropic";
import { createCerebras } from "@ai-sdk/cerebras";
import { createCohere } from "@ai-sdk/cohere";
import { createGoogle } from "@ai-sdk/google";
import { createGroq } from "@ai-sdk/groq";
import { createMistral } from "@ai-sdk/mistral";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { ProviderType } from "../target.ts";

export interface ModelSettings {
  /** By which the operator knows it. */
  readonly provider: string;
  readonly type: ProviderType;
  readonly model: string;
  readonly base_url: string;
  readonly api_key: string | null;
  /** Ask for the usage of a stream, where that has to be asked for. */
  readonly tells_usage: boolean;
  readonly fetch: typeof globalThis.fetch;
}

/** Whose wire it is by the type. Every address and key is given, so that none is read from elsewhere. */
export function chatModel(settings: ModelSettings): LanguageModelV4 {
  const { type, provider, model, base_url, api_key, tells_usage, fetch } = settings;
  const own = { baseURL: base_url, apiKey: api_key ?? "", fetch };
  switch (type) {
    case "cerebras":
      return createCerebras(own).chat(model);
    case "groq":
      return createGroq(own).languageModel(model);
    case "mistral":
      return createMistral(own).chat(model);
    case "cohere":
      return createCohere(own).languageModel(model);
    case "openai":
      return createOpenAI(own).chat(model);
    case "anthropic":
      return createAnthropic(own).chat(model);
    case "google":
      return createGoogle(own).chat(model);
    case "openai-compatible":
      return createOpenAICompatible({
        name: provider,
        baseURL: base_url,
        includeUsage: tells_usage,
        fetch,
        ...(api_key !== null && { apiKey: api_key }),
      }).chatModel(model);
  }
}

const own_urls: Record<Exclude<ProviderType, "openai-compatible">, string> = {
  cerebras: "https://api.cerebras.ai/v1",
  groq: "https://api.groq.com/openai/v1",
  mistral: "https://api.mistral.ai/v1",
  cohere: "https://api.cohere.com/v2",
  openai: "https://api.openai.com/v1",
  anthropic: "https://api.anthropic.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
};

/** Where a provider is. @throws RangeError for a compatible server without an address */
export function baseUrlOf(type: ProviderType, base_url: string | null): string {
  if (base_url !== null) return base_url.replace(/\/+$/, "");
  if (type === "openai-compatible") throw new RangeError("a compatible server needs a base_url");
  return own_urls[type];
}
