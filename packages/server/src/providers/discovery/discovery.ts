import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../../kernel/errors.ts";
import type { Actor } from "../../kernel/lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import { anybody, type Vet } from "../adapters/adapters.ts";
import { listModels } from "../adapters/list-models.ts";
import type { LocalPlace } from "../settings/local-places.ts";
import type { ProviderSettings } from "../target.ts";
import { listenerAt } from "./listener-owner.ts";

const LOOK_EVERY_MS = 60_000;
const ANSWER_WITHIN_MS = 300;
/** Models that no conversation can be had with. */
const NO_CHAT = /embed|rerank|whisper|tts|clip/i;

export interface DiscoveryParts {
  readonly places: readonly LocalPlace[];
  /** Of this server. */
  readonly uid: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once for each place that has a model; `vet` holds for each connection to it. */
  readonly found: (settings: ProviderSettings, vet: Vet) => void;
}

/**
 * Looks for model servers of this machine: at the start, then every minute until each is found.
 *
 * D1. `start` resolves when all places were looked at once, each within 300 ms.
 * D2. Nothing is sent to a listener of another person, except where the operator named it: neither now
 *     nor later, when the server that was found may have left its port to anybody.
 * D3. What stands in the way is said once, not each minute.
 */
export function createDiscovery(parts: DiscoveryParts): Actor {
  const { places, clock, log, found } = parts;
  let missing = places;
  const said = new Set<string>();
  let stopped = new AbortController();
  let looking: Promise<void> | undefined;

  async function lookAround(): Promise<void> {
    const seen = await Promise.all(missing.map((place) => lookAt(place, parts, stopped.signal)));
    if (stopped.signal.aborted) return;
    const absent = missing.filter((_, i) => seen[i]!.kind !== "found");
    missing = absent;
    for (const each of seen) {
      if (each.kind === "found") found(each.settings, each.vet);
      if (each.kind === "unfit") sayOnce(each.why);
    }
  }

  function sayOnce(why: string): void {
    if (!said.has(why)) log.warn({}, why);
    said.add(why);
  }

  async function keepLooking(): Promise<void> {
    while (missing.length > 0 && !stopped.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, stopped.signal).catch(() => undefined);
      if (!stopped.signal.aborted) await lookAround();
    }
  }

  return {
    async start() {
      if (looking !== undefined) return;
      stopped = new AbortController();
      const first = lookAround();
      looking = first.then(keepLooking);
      await first;
    },
    async stop() {
      stopped.abort();
      await looking;
      looking = undefined;
    },
  };
}

type Sight =
  | { readonly kind: "found"; readonly settings: ProviderSettings; readonly vet: Vet }
  /** Somebody listens, and cannot be asked. */
  | { readonly kind: "unfit"; readonly why: string }
  | { readonly kind: "nobody" };

async function lookAt(
  place: LocalPlace,
  { uid, clock }: DiscoveryParts,
  stopped: AbortSignal,
): Promise<Sight> {
  const vet = place.is_named ? anybody : vetOf(place, uid);
  const port = Number(new URL(place.base_url).port);
  if (!place.is_named && listenerAt(port, uid).kind === "nobody") return { kind: "nobody" };
  const why = vet(port);
  if (why !== null) return { kind: "unfit", why };
  const late = new AbortController();
  const disarm = clock.after(ANSWER_WITHIN_MS, () => late.abort());
  try {
    const signal = AbortSignal.any([late.signal, stopped]);
    const { base_url } = place;
    const listed = await listModels({ type: "openai-compatible", base_url, api_key: null, signal });
    return choose(place, listed, vet);
  } catch (fault) {
    if (!place.is_named || stopped.aborted) return { kind: "nobody" };
    const why = late.signal.aborted ? "it did not answer in time" : messageOf(fault);
    return { kind: "unfit", why: `${place.id} at ${place.base_url}: ${why}` };
  } finally {
    disarm();
  }
}

function vetOf({ id, base_url }: LocalPlace, uid: number): Vet {
  const fix = `If it is meant, name it in providers of mainstay.json, as ${id}`;
  return (port) => {
    const listener = listenerAt(port, uid);
    switch (listener.kind) {
      case "trusted":
        return null;
      case "nobody":
        return `nobody listens at ${base_url} any more`;
      case "stranger":
        return (
          `what listens at ${base_url} is another user's (uid ${listener.uid}), and was not asked: ` +
          `what people write would go there. ${fix}`
        );
      case "unknown":
        return `whose server listens at ${base_url} cannot be told, so that it is not asked. ${fix}`;
    }
  };
}

/** One model: a machine that loads several at once has room for none. */
function choose({ id, base_url, model }: LocalPlace, listed: readonly string[], vet: Vet): Sight {
  const wanted = model === null ? listed.filter((name) => !NO_CHAT.test(name)) : [model];
  const chosen = wanted.find((name) => listed.includes(name) || listed.includes(`${name}:latest`));
  if (chosen === undefined) {
    const lacks = model === null ? "no model to talk to" : `no model ${model}`;
    return { kind: "unfit", why: `${id} at ${base_url} has ${lacks}; it is looked at again` };
  }
  const limits = { concurrency: null, requests_per_minute: null, tokens_per_minute: null };
  const settings: ProviderSettings = {
    ...{ id, type: "openai-compatible", base_url, api_keys: [], models: [chosen], limits },
    ...{ prices: {}, reasoning: [], source: "found on this machine" },
  };
  return { kind: "found", settings, vet };
}
