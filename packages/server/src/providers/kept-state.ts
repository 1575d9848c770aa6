import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Statement, Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import { KeptBreaker } from "./policy/kept-breaker.ts";
import { KeptCredential } from "./policy/credential.ts";
import { KeptRate } from "./policy/kept-rate.ts";

/** How a target, a key or a rate stands; `key` is of its own in all kinds. */
export type Kept =
  | { readonly kind: "breaker"; readonly key: string; readonly state: KeptBreaker }
  | { readonly kind: "credential"; readonly key: string; readonly state: KeptCredential }
  | { readonly kind: "rate"; readonly key: string; readonly state: KeptRate };

/** What was kept when the last run ended. */
export interface KeptStates {
  readonly breakers: ReadonlyMap<string, KeptBreaker>;
  readonly credentials: ReadonlyMap<string, KeptCredential>;
  readonly rates: ReadonlyMap<string, KeptRate>;
}

/**
 * Keeps over restarts how targets, keys and rates stand.
 *
 * 1. At most one write is under way; what changes meanwhile is written together after it, the newest
 *    state of each key alone.
 * 2. A fault of the store is logged and stops nobody; what was not written goes with the next change, or
 *    when the store takes writes again.
 */
export interface KeptState {
  /** What cannot be read is left out, and logged. */
  load(): Promise<KeptStates>;
  keep(kept: Kept): void;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
}

export interface KeptStateParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

export function createKeptState({ store, clock, log }: KeptStateParts): KeptState {
  let waiting = new Map<string, Kept>();
  let is_writing = false;
  let written = Promise.resolve();

  async function write(): Promise<void> {
    is_writing = true;
    let batch = waiting;
    try {
      for (; batch.size > 0; batch = waiting) {
        waiting = new Map();
        await store.commit({ writes: [...batch.values()].map(upsert) });
      }
    } catch (fault) {
      waiting = new Map([...batch, ...waiting]);
      log.warn({ fault: messageOf(fault) }, "how providers stand could not be kept");
    } finally {
      is_writing = false;
    }
  }

  const upsert = ({ key, kind, state }: Kept): Statement => {
    const row = { kind, state: JSON.stringify(state), at: clock.now() };
    return store.sql
      .insertInto("provider_state")
      .values({ key, ...row })
      .onConflict((known) => known.column("key").doUpdateSet(row))
      .compile();
  };

  function writeWhatWaits(): void {
    if (!is_writing) written = write();
  }

  store.onStatus(({ state }) => {
    if (state === "writing") writeWhatWaits();
  });

  return {
    async load() {
      const rows = await store.query(store.sql.selectFrom("provider_state").selectAll());
      const breakers = new Map<string, KeptBreaker>();
      const credentials = new Map<string, KeptCredential>();
      const rates = new Map<string, KeptRate>();
      for (const { key, kind, state } of rows) {
        const kept = readKept(key, kind, state);
        if (kept === null) log.warn({ key }, "how a provider stood cannot be read");
        else if (kept.kind === "breaker") breakers.set(key, kept.state);
        else if (kept.kind === "credential") credentials.set(key, kept.state);
        else rates.set(key, kept.state);
      }
      return { breakers, credentials, rates };
    },
    keep(kept) {
      waiting.set(kept.key, kept);
      writeWhatWaits();
    },
    idle: () => written,
  };
}

function readKept(key: string, kind: Kept["kind"], text: string): Kept | null {
  const json = parsed(text);
  switch (kind) {
    case "breaker": {
      const { data } = KeptBreaker.safeParse(json);
      return data === undefined ? null : { kind, key, state: data };
    }
    case "credential": {
      const { data } = KeptCredential.safeParse(json);
      return data === undefined ? null : { kind, key, state: data };
    }
    case "rate": {
      const { data } = KeptRate.safeParse(json);
      return data === undefined ? null : { kind, key, state: data };
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
