import type { Clock } from "@mainstay/sdk/clock";
import type { ModelStatus } from "@mainstay/sdk/providers";
import type { Actor } from "../kernel/lifecycle.ts";
import type { ModelPort } from "../kernel/model.ts";
import type { ModelBoard } from "../kernel/model-board.ts";
import { type PauseBoard, pauseInWords, toldPause } from "../kernel/pause.ts";
import type { Random } from "../kernel/random.ts";
import { adapterFor, type Vet } from "./adapters/adapters.ts";
import type { Log } from "../telemetry/log.ts";
import { credentialKey, type Member } from "./engine/member.ts";
import { createPool } from "./engine/pool.ts";
import { statusOf } from "./engine/pool-status.ts";
import { createProber } from "./engine/prober.ts";
import { answerStep } from "./engine/step.ts";
import type { KeptState, KeptStates } from "./kept-state.ts";
import type { KeyOutcome } from "./keys/key-check.ts";
import type { Breaker } from "./policy/breaker.ts";
import { keptCredential, recheckDue, restoredCredential } from "./policy/credential.ts";
import { kept as keptBreaker, restored } from "./policy/kept-breaker.ts";
import { createPacing } from "./policy/pacing.ts";
import { createRetryBudget } from "./policy/retry-budget.ts";
import { targetsOf } from "./targets-of.ts";
import { type ProviderSettings, targetKey } from "./target.ts";
import { told } from "./told.ts";

export { createDiscovery } from "./discovery/discovery.ts";
export { keepKey } from "./keys/keep-key.ts";
export { originOf } from "./settings/settings.ts";
export { knownProviders } from "./settings/known.ts";
export type { ProviderSettings } from "./target.ts";
export { targetsOf } from "./targets-of.ts";
export { type TrialStep, tryProvider } from "./trial/trial.ts";

/**
 * Many models behind one port: *route → try → judge*. How each target stands is kept over restarts, and
 * who is away is probed in the background.
 */
export interface Providers extends ModelPort, ModelBoard, Actor {
  /** Another provider was found: it is asked last. One whose id is known already is not added. */
  add(settings: ProviderSettings, vet?: Vet): void;
  /**
   * What the provider's own list of models said of a key: a refused one is asked with no more, one that
   * is taken and was refused before is tried by a real call at once.
   */
  keyTested(provider: string, credential: string, outcome: KeyOutcome): void;
}

export interface ProvidersParts {
  readonly settings: readonly ProviderSettings[];
  readonly clock: Clock;
  readonly random: Random;
  readonly kept: Pick<KeptState, "keep" | "idle">;
  /** How they stood when the last run ended. */
  readonly before: KeptStates;
  readonly pauses: Pick<PauseBoard, "provider" | "onChange">;
  readonly log: Pick<Log, "info" | "warn">;
}

const rateKey = (key: string): string => `rate of ${key}`;

export function createProviders(parts: ProvidersParts): Providers {
  const { clock, random, kept, before, pauses, log } = parts;
  const settings: ProviderSettings[] = [];
  const secrets: string[] = [];
  const unlisted = new Set<string>();
  const retries = createRetryBudget();
  const pool = createPool({
    ...{ clock, random },
    paused: (provider) => {
      const pause = pauses.provider(provider);
      return pause === null ? null : pauseInWords(pause);
    },
  });
  const prober = createProber({ pool, clock, log });
  const stepParts = { pool, clock, random, retries, told: (text: string) => told(text, secrets) };
  const reported = new Map<string, Breaker["state"]>();
  let subscriptions: (() => void)[] = [];

  function add(found: ProviderSettings, vet?: Vet): void {
    if (settings.some(({ id }) => id === found.id)) return;
    settings.push(found);
    secrets.push(...found.api_keys);
    for (const { target, api_key } of targetsOf(found)) {
      const { provider, type, model } = target;
      const key = targetKey(target);
      const { base_url } = found;
      const ask = adapterFor({ provider, type, model, base_url, api_key, clock, vet });
      const [mono_now, wall_now] = [clock.monotonic(), clock.now()];
      const credential = before.credentials.get(credentialKey(target));
      if (credential !== undefined)
        pool.restoreCredential(target, restoredCredential(credential, mono_now, wall_now));
      const breaker = before.breakers.get(key) ?? { state: "closed" };
      const pacing = createPacing({ clock, limits: target.limits });
      const rate = before.rates.get(rateKey(key));
      if (rate !== undefined) pacing.restore(rate, wall_now);
      pool.add({ key, target, ask }, pacing, restored(breaker, mono_now));
    }
  }

  function keyTested(provider: string, credential: string, outcome: KeyOutcome): void {
    const members = pool
      .members()
      .filter(({ target }) => target.provider === provider && target.credential === credential);
    const target = members[0]?.target;
    if (target === undefined || outcome.kind === "unknown") return;
    if (outcome.kind === "refused") return pool.rechecked(target, outcome.cause);
    // What is listed may fail all the same: a key that is out comes back by a real call only.
    pool.restoreCredential(target, recheckDue(pool.credential(target), clock.monotonic()));
    for (const member of members)
      if (outcome.unlisted.includes(member.target.model)) unlisted.add(member.key);
  }

  /** An unlisted model is asked: not all that can be asked is listed. */
  function statusWithList(member: Member): ModelStatus {
    const status = statusOf(pool, member, clock);
    if (status.cause !== null || !unlisted.has(member.key)) return status;
    return { ...status, cause: "the provider does not list it" };
  }

  function keep({ key, target }: Member): void {
    const [mono_now, wall_now] = [clock.monotonic(), clock.now()];
    const breaker = keptBreaker(pool.health(key).breaker);
    const credential = keptCredential(pool.credential(target), mono_now, wall_now);
    kept.keep({ kind: "breaker", key, state: breaker });
    kept.keep({ kind: "credential", key: credentialKey(target), state: credential });
    const rate = pool.health(key).pacing.kept(wall_now);
    kept.keep({ kind: "rate", key: rateKey(key), state: rate });
  }

  /** An operator who reads the log hears of each that goes and each that is back. */
  function report({ key, target }: Member): void {
    const { breaker } = pool.health(key);
    const before = reported.get(key) ?? "closed";
    reported.set(key, breaker.state);
    const model = `${target.provider}/${target.model}`;
    if (breaker.state === "open" && before === "closed")
      log.warn({ model, cause: breaker.cause }, "a model is away: it is probed until it is back");
    if (breaker.state === "closed" && before !== "closed") log.warn({ model }, "a model is back");
  }

  function endWhatIsPaused(): void {
    for (const { id } of settings) {
      const pause = pauses.provider(id);
      if (pause?.ends_running) pool.cutOff(id, pauseInWords(pause));
    }
  }

  function unsubscribe(): void {
    for (const end of subscriptions.splice(0)) end();
  }

  for (const each of parts.settings) add(each);
  return {
    stream: (request, signal) => answerStep(stepParts, request, signal),
    add,
    keyTested,
    status: () =>
      settings.map(({ id, type, source }) => {
        const pause = pauses.provider(id);
        const members = pool.members().filter(({ target }) => target.provider === id);
        return {
          ...{ id, type, source },
          pause: pause && toldPause(pause),
          models: members.map(statusWithList),
        };
      }),
    available: pool.available,
    onChange(listener) {
      const ends = [pool.onChange(() => listener()), pauses.onChange(() => listener())];
      return () => ends.forEach((end) => end());
    },
    start() {
      unsubscribe();
      subscriptions = [
        pool.onChange(keep),
        pool.onChange(report),
        pauses.onChange(endWhatIsPaused),
      ];
      void prober.start();
    },
    async stop() {
      unsubscribe();
      await prober.stop();
      await kept.idle();
    },
  };
}
