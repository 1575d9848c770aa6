import { isoTime } from "@mainstay/sdk/clock";
import type { ModelStatus } from "@mainstay/sdk/providers";
import { expect, test } from "vitest";
import { modelLine } from "../src/conversation/model-line.ts";

const NOW = 1_800_000_000_000;
const ready: ModelStatus = {
  ...{ model: "llama", credential: "a", state: "ready", cause: null, until: null },
  ...{ answered: 0, failed: 0, first_token_ms: null },
};
const line = (rest: Partial<ModelStatus>) => modelLine({ ...ready, ...rest }, [], NOW);
const until = (in_ms: number) => isoTime(NOW + in_ms);

test("why a model is not asked is said once, and when it is looked at again as people count", () => {
  const retired = { state: "retired", cause: "its key was refused" } as const;
  expect(line({ ...retired, until: until(39_500) })).toBe(
    "llama: is not asked, its key was refused, looked at again in 40 s",
  );
  expect(line({ ...retired, until: until(600_000) })).toBe(
    "llama: is not asked, its key was refused, looked at again at 08:10 UTC",
  );
  expect(line({ ...retired, until: until(90_000_000) })).toContain("at 2027-01-16 09:00 UTC");
  expect(line({ ...retired, until: until(-1) })).toContain("looked at again now");
});

test("what is odd about one that is asked does not make it sound as if that was well", () => {
  expect(line({})).toBe("llama: ready");
  expect(line({ cause: "the provider does not list it" })).toBe(
    "llama: ready, though the provider does not list it",
  );
  expect(line({ state: "paced", cause: "it said that its rate is used up" })).toBe(
    "llama: it said that its rate is used up",
  );
});
