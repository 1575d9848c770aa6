import type { ModelStatus, ProviderStatus } from "@mainstay/sdk/providers";
import { expect, test } from "vitest";
import { modelsCheck } from "../../src/health/models-check.ts";
import type { Availability } from "../../src/kernel/model-board.ts";

const ready: ModelStatus = {
  ...{ model: "llama", credential: "a", state: "ready", cause: null, until: null },
  ...{ answered: 0, failed: 0, first_token_ms: null },
};
const until = "2026-11-22T21:40:13.000Z";
const open: ModelStatus = { ...ready, state: "open", cause: "it was overloaded", until };

function provider(id: string, models: ModelStatus[], paused = false): ProviderStatus {
  const pause = { scope: "provider", by: "ada", since: until, reason: null } as const;
  return { id, type: "groq", source: "test", pause: paused ? pause : null, models };
}

const check = (available: Availability, ...providers: ProviderStatus[]) =>
  modelsCheck({ available: () => available, status: () => providers });

test("models that can be asked are named, each once, however many keys it has", () => {
  const two_keys = [ready, { ...open, credential: "b" }];
  expect(check("full", provider("groq", two_keys))).toEqual({
    ...{ name: "models", ok: true, detail: "groq/llama" },
  });
});

test("who cannot be asked says why and until when, and who paused it", () => {
  const retired: ModelStatus = { ...ready, state: "retired", cause: "its key was refused", until };
  const back: ModelStatus = { ...ready, credential: "b", state: "half_open", cause: "it was gone" };
  expect(
    check(
      "reduced",
      ...[provider("a", [open]), provider("b", [retired, back])],
      ...[provider("c", [open], true), provider("d", [ready])],
    ),
  ).toMatchObject({
    ok: true,
    detail:
      "some cannot be asked: a/llama (it was overloaded until 21:40 UTC), " +
      "b/llama with key a (its key was refused until 21:40 UTC), " +
      "b/llama with key b (comes back, it was gone), c (paused by ada)",
  });
});

test("where none can be asked, or there is none, it is not well", () => {
  expect(check("none", provider("a", [open]))).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/^none can be asked: a\/llama/),
  });
  expect(check("unconfigured")).toMatchObject({
    ok: false,
    detail: "none configured, answers come from local files",
  });
});
