import type { Clock } from "@mainstay/sdk/clock";
import type { Actor } from "../../kernel/lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import { listModels } from "../adapters/list-models.ts";
import { faultOf } from "../engine/fault-of.ts";
import type { CredentialCause } from "../policy/credential.ts";
import { credentialOf, type ProviderSettings } from "../target.ts";
import { told } from "../told.ts";
import { unlistedOf } from "../trial/trial.ts";

const ANSWER_WITHIN_MS = 10_000;

/** What `/models` said of a key. */
export type KeyOutcome =
  /** It is taken; `unlisted`: models that are asked for, and that the provider does not list. */
  | { readonly kind: "taken"; readonly unlisted: readonly string[] }
  | { readonly kind: "refused"; readonly cause: CredentialCause; readonly message: string }
  /** Nothing of the key was learned. */
  | { readonly kind: "unknown"; readonly message: string };

export interface KeyCheckParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Hears of each key once. */
  readonly tested: (provider: string, credential: string, outcome: KeyOutcome) => void;
}

export interface KeyCheck extends Pick<Actor, "stop"> {
  /** Tests the keys of a provider in the background. */
  check(provider: ProviderSettings): void;
}

/**
 * Tests keys by asking for the list of models, which costs nothing: a wrong key or an unknown model is
 * told at the start, not to the first person who asks.
 */
export function createKeyCheck({ clock, log, tested }: KeyCheckParts): KeyCheck {
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();

  async function test(provider: ProviderSettings, api_key: string | null): Promise<void> {
    const outcome = await outcomeOf(provider, api_key);
    if (stopped.signal.aborted) return;
    report(provider, outcome);
    tested(provider.id, credentialOf(api_key), outcome);
  }

  async function outcomeOf(
    { type, base_url, models }: ProviderSettings,
    api_key: string | null,
  ): Promise<KeyOutcome> {
    const late = new AbortController();
    const disarm = clock.after(ANSWER_WITHIN_MS, () => late.abort(new Error("no answer in time")));
    try {
      const signal = AbortSignal.any([late.signal, stopped.signal]);
      const listed = await listModels({ type, base_url, api_key, signal });
      return { kind: "taken", unlisted: unlistedOf(models, listed) };
    } catch (thrown) {
      const fault = faultOf(late.signal.aborted ? late.signal.reason : thrown, type, clock.now());
      const message = told(fault.message, api_key === null ? [] : [api_key]);
      const { code } = fault;
      if (code !== "auth" && code !== "payment") return { kind: "unknown", message };
      return { kind: "refused", cause: code, message };
    } finally {
      disarm();
    }
  }

  function report({ id, source }: ProviderSettings, outcome: KeyOutcome): void {
    const at = { provider: id, source };
    if (outcome.kind === "refused")
      log.error(
        { ...at, said: outcome.message },
        `${id} refuses its key: mainstay provider test ${id}`,
      );
    if (outcome.kind === "unknown")
      log.info({ ...at, said: outcome.message }, `the key of ${id} could not be tested`);
    if (outcome.kind === "taken" && outcome.unlisted.length > 0)
      log.warn(
        { ...at, models: outcome.unlisted },
        `${id} does not list a model that it is asked for`,
      );
  }

  return {
    check(provider) {
      const keys = provider.api_keys.length === 0 ? [null] : provider.api_keys;
      for (const key of keys) {
        const work = test(provider, key).finally(() => running.delete(work));
        running.add(work);
      }
    },
    async stop() {
      stopped.abort(new Error("the server stops"));
      await Promise.all(running);
    },
  };
}
