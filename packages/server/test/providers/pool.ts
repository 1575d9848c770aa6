import { FAKE_KEY } from "@mainstay/fake-provider/fake-provider";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import type { ModelPart, ModelRequest } from "../../src/kernel/model.ts";
import type { Pause } from "../../src/kernel/pause.ts";
import type { Random } from "../../src/kernel/random.ts";
import type { Kept, KeptStates } from "../../src/providers/kept-state.ts";
import { createProviders, type Providers } from "../../src/providers/providers.ts";
import type { ProviderSettings, ProviderType } from "../../src/providers/target.ts";

export const never = new AbortController().signal;

export function settingsOf(
  id: string,
  base_url: string,
  models: readonly string[] = ["fake-model"],
  type: ProviderType = "openai-compatible",
): ProviderSettings {
  return {
    ...{ id, type, base_url, models, api_keys: [FAKE_KEY], source: "test" },
    limits: { concurrency: null, requests_per_minute: null, tokens_per_minute: null },
    prices: { [models[0]!]: { input_usd: 1, output_usd: 2 } },
    reasoning: [],
  };
}

export const requestOf = (text: string, changes: Partial<ModelRequest> = {}): ModelRequest => ({
  turn_id: "turn_1",
  messages: [{ role: "user", text }],
  tools: [],
  model: null,
  said: text,
  check: () => null,
  waiting: () => {},
  ...changes,
});

/** A pool without a store: what it would keep is heard, what an operator paused is said. */
export function openPool(
  settings: readonly ProviderSettings[],
  parts: { clock?: Clock; random?: Random; before?: Partial<KeptStates> } = {},
) {
  const kept: Kept[] = [];
  const paused = new Map<string, Pause>();
  const providers: Providers = createProviders({
    settings,
    clock: parts.clock ?? systemClock,
    random: parts.random ?? (() => 0),
    kept: { keep: (each) => kept.push(each), idle: async () => {} },
    before: { breakers: new Map(), credentials: new Map(), rates: new Map(), ...parts.before },
    pauses: { provider: (id) => paused.get(id) ?? null, onChange: () => () => {} },
    log: { info: () => {}, warn: () => {} },
  });
  return { providers, kept, paused };
}

export async function all(parts: AsyncIterable<ModelPart>): Promise<ModelPart[]> {
  const list: ModelPart[] = [];
  for await (const part of parts) list.push(part);
  return list;
}

/** What a person has on the screen in the end. */
export function shownBy(parts: readonly ModelPart[]): string {
  const restart = parts.findLastIndex(({ type }) => type === "restart");
  return parts
    .slice(restart + 1)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("");
}
