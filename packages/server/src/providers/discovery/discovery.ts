import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../../kernel/errors.ts";
import type { Actor } from "../../kernel/lifecycle.ts";
import type { Log } from "../../telemetry/log.ts";
import { listModels } from "../adapters/list-models.ts";
import type { LocalPlace } from "../settings/local-places.ts";
import type { ProviderSettings } from "../target.ts";
import { isTrusted, listenerOwners } from "./listener-owner.ts";

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
  /** Called once for each place that has a model. */
  readonly found: (settings: ProviderSettings) => void;
}

/**
 * Looks for model servers of this machine: at the start, then every minute until each is found.
 *
 * D1. `start` resolves when all places were looked at once, each within 300 ms.
 * D2. Nothing is sent to a listener of another person, except where the operator named it.
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
      if (each.kind === "found") found(each.settings);
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
  | { readonly kind: "found"; readonly settings: ProviderSettings }
  /** Somebody listens, and cannot be asked. */
  | { readonly kind: "unfit"; readonly why: string }
  | { readonly kind: "nobody" };

async function lookAt(
  place: LocalPlace,
  { uid, clock }: DiscoveryParts,
  stopped: AbortSignal,
): Promise<Sight> {
  const stranger = place.is_named ? undefined : strangerAt(place, uid);
  if (stranger !== undefined) return { kind: "unfit", why: strangerInWords(place, stranger) };
  const late = new AbortController();
  const disarm = clock.after(ANSWER_WITHIN_MS, () => late.abort());
  try {
    const signal = AbortSignal.any([late.signal, stopped]);
    const { base_url } = place;
    const listed = await listModels({ type: "openai-compatible", base_url, api_key: null, signal });
    return choose(place, listed);
  } catch (fault) {
    if (!place.is_named || stopped.aborted) return { kind: "nobody" };
    const why = late.signal.aborted ? "it did not answer in time" : messageOf(fault);
    return { kind: "unfit", why: `${place.id} at ${place.base_url}: ${why}` };
  } finally {
    disarm();
  }
}

const strangerAt = ({ base_url }: LocalPlace, uid: number): number | undefined =>
  listenerOwners(Number(new URL(base_url).port)).find((owner) => !isTrusted(owner, uid));

const strangerInWords = ({ id, base_url }: LocalPlace, owner: number): string =>
  `what listens at ${base_url} is another user's (uid ${owner}), and was not asked: what people write ` +
  `would go there. If it is meant, name it in providers of mainstay.json, as ${id}`;

/** One model: a machine that loads several at once has room for none. */
function choose({ id, base_url, model }: LocalPlace, listed: readonly string[]): Sight {
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
  return { kind: "found", settings };
}
