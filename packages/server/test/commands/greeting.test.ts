import type { ModelStatus, ProviderStatus } from "@mainstay/sdk/providers";
import { expect, test } from "vitest";
import type { Server } from "../../src/assemble.ts";
import { greeting } from "../../src/commands/greeting.ts";
import type { Config } from "../../src/config.ts";

const config = { version: "1", home: "/srv/mainstay", is_default_home: true } as Config;
const ready: ModelStatus = {
  ...{ model: "llama", credential: "a", state: "ready", cause: null, until: null },
  ...{ answered: 0, failed: 0, first_token_ms: null },
};
const provider = (id: string, models: ModelStatus[]): ProviderStatus => ({
  ...{ id, type: "groq", source: "test", pause: null, models },
});

function models(...providers: ProviderStatus[]): string | undefined {
  const server = { url: "http://x", owner_created: false, models: () => providers };
  return greeting(config, server as unknown as Server).match(/^ {2}models {2}(.*)$/m)?.[1];
}

test("who cannot be asked now is not greeted with as if they could", () => {
  const until = "2026-11-22T21:40:13.000Z";
  const open: ModelStatus = { ...ready, state: "open", cause: "it was overloaded", until };
  const pause = { scope: "provider", by: "ada", since: until, reason: null } as const;
  expect(
    models(provider("a", [open]), provider("b", [open, { ...ready, credential: "b" }]), {
      ...provider("c", [ready]),
      pause,
    }),
  ).toBe("a (llama: it was overloaded until 21:40 UTC), then b (llama), then c (paused by ada)");
});

test("a hint can be typed as it stands", () => {
  expect(models()).toMatch(/for example: mainstay provider set groq$/);
});
