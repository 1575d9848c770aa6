import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { expect, onTestFinished, test } from "vitest";
import type { How } from "../../../src/providers/adapters/adapters.ts";
import { partStream } from "../../../src/providers/adapters/part-stream.ts";
import { createPool } from "../../../src/providers/engine/pool.ts";
import { createProber } from "../../../src/providers/engine/prober.ts";
import { type Breaker, closedBreaker } from "../../../src/providers/policy/breaker.ts";
import { type AttemptCode, AttemptFault } from "../../../src/providers/policy/codes.ts";
import { afterRefusal, liveCredential } from "../../../src/providers/policy/credential.ts";
import { createPacing } from "../../../src/providers/policy/pacing.ts";
import { targetKey } from "../../../src/providers/target.ts";
import { targetsOf } from "../../../src/providers/targets-of.ts";
import { handClock } from "../../door/hand-clock.ts";
import { settingsOf } from "../pool.ts";

const MINUTE_MS = 60_000;

const ok: readonly LanguageModelV4StreamPart[] = [
  { type: "text-delta", id: "1", delta: "OK" },
  {
    type: "finish",
    finishReason: { unified: "stop", raw: "stop" },
    usage: {
      inputTokens: { total: 9, noCache: 9, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 2, text: 2, reasoning: undefined },
    },
  },
];

interface Scene {
  readonly breaker?: Breaker;
  readonly is_retired?: boolean;
  readonly models?: readonly string[];
  readonly reasoning?: readonly string[];
  /** What a model meets; null: it answers. */
  readonly meets: (model: string, how: How) => AttemptCode | null;
}

/** The models of one key, which are away, and a prober. */
function openScene({ breaker, is_retired, models, reasoning = [], meets }: Scene) {
  const time = handClock();
  const { clock } = time;
  const pool = createPool({ clock, random: () => 0, paused: () => null });
  const calls: string[] = [];
  const logged: object[] = [];
  const settings = { ...settingsOf("p", "http://127.0.0.1:1", models), reasoning };
  for (const { target } of targetsOf(settings)) {
    const ask = async (_: unknown, how: How) => {
      calls.push(target.model);
      const code = meets(target.model, how);
      if (code !== null) throw new AttemptFault(code, code);
      return { headers: {}, stream: partStream(ReadableStream.from(ok), (thrown) => thrown) };
    };
    const pacing = createPacing({ clock, limits: target.limits });
    pool.add({ key: targetKey(target), target, ask }, pacing, breaker ?? closedBreaker);
    if (is_retired) pool.restoreCredential(target, afterRefusal(liveCredential, "auth", 0));
  }
  const log = { info: (fields: object) => void logged.push(fields) };
  const prober = createProber({ pool, clock, log });
  void prober.start();
  onTestFinished(() => prober.stop());
  const isWell = () =>
    pool
      .members()
      .every(
        ({ key, target }) =>
          pool.health(key).breaker.state === "closed" && pool.credential(target).state === "live",
      );
  return { pool, pass: time.pass, calls, logged, isWell };
}

const open: Breaker = { state: "open", cause: "overload", until_ms: 0, times: 1, good_probes: 0 };
const half_open: Breaker = {
  ...{ state: "half_open", cause: "overload", level: 0, successes: 0, times: 1 },
  ...{ heard_at_ms: 0, vain_probes: 0 },
};
const aways: readonly (readonly [string, Pick<Scene, "breaker" | "is_retired">])[] = [
  ["an open target", { breaker: open }],
  ["a half-open target", { breaker: half_open }],
  ["a retired key", { is_retired: true }],
];
const codes: readonly AttemptCode[] = [
  ...(["overload", "connect", "not_found", "rejected", "content"] as const),
  ...(["context_too_long", "rate", "auth", "payment"] as const),
];

test.each(aways.flatMap(([name, away]) => codes.map((code) => [name, code, away] as const)))(
  "%s that meets %s is asked about once a minute at most, and heals when that ends (3)",
  async (_, code, away) => {
    let met: AttemptCode | null = code;
    const { pass, calls, isWell } = openScene({ ...away, meets: () => met });
    await pass(60 * MINUTE_MS);
    expect(calls.length).toBeGreaterThanOrEqual(2);
    expect(calls.length).toBeLessThanOrEqual(90);
    expect(isWell()).toBe(false);
    met = null;
    await pass(20 * MINUTE_MS);
    expect(isWell()).toBe(true);
  },
);

test("a key is rechecked with one of its models after the other: one that is gone hides none (3)", async () => {
  const meets = (model: string) => (model === "gone" ? "not_found" : null);
  const { pass, calls, isWell } = openScene({ is_retired: true, models: ["gone", "b"], meets });
  await pass(30 * MINUTE_MS);
  expect([calls, isWell()]).toEqual([["gone", "b"], true]);
});

test("a probe is small, and the log has what it took; one that thinks first gets more (2)", async () => {
  const bounds: unknown[] = [];
  const { pass, logged } = openScene({
    ...{ breaker: open, models: ["plain", "thinks"], reasoning: ["thinks"] },
    meets: (model, how) => (bounds.push([model, how.max_output_tokens]), null),
  });
  await pass(1_000);
  expect(bounds).toEqual(expect.arrayContaining([["plain", 16]]));
  expect(bounds).toEqual(expect.arrayContaining([["thinks", 256]]));
  const took = { provider: "p", met: null, input_tokens: 9, output_tokens: 2 };
  expect(logged[0]).toEqual({ ...took, model: "plain" });
});

test("who takes no bound is asked without one from then on", async () => {
  const { pass, isWell } = openScene({
    breaker: open,
    meets: (_, { max_output_tokens }) => (max_output_tokens === undefined ? null : "rejected"),
  });
  await pass(10 * MINUTE_MS);
  expect(isWell()).toBe(true);
});
