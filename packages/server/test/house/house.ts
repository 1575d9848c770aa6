import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Reply, Script } from "@mainstay/fake-provider/script";
import { type Client, createClient } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { type ClientEvent, isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import type { EventsOptions } from "@mainstay/sdk/turn-events";
import { type Overrides, type Server, startServer } from "../../src/assemble.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { besideProbes } from "./beside-probes.ts";

/** A whole Mainstay in a scratch folder: real server, store, executor and sandbox, scripted model. */
export interface House {
  readonly client: Client;
  readonly home: string;
  readonly url: string;
  readonly key: string;
  /** The model; absent where the house was opened without one. */
  readonly model: FakeProvider;
  /** All of them, `fake-1` first. */
  readonly models: readonly FakeProvider[];
  /** Asks and waits until the turn has settled, parked, or awaits consent. */
  ask(message: string, more?: { session_id?: string; workspace?: string }): Promise<Turn>;
  /** Every journal event of a settled turn. */
  journal(turn_id: string): Promise<JournalEvent[]>;
  /** Resolves at the first event of the turn that passes. */
  until(
    turn_id: string,
    passes: (event: ClientEvent) => boolean,
    how?: EventsOptions,
  ): Promise<ClientEvent>;
  /** Stops the server and starts another on the same data. */
  restart(overrides?: Overrides): Promise<void>;
  close(): Promise<void>;
}

export interface HouseOptions {
  /** Null: no provider is configured. */
  readonly script?: Script | null;
  /** In the place of `script`: of several providers, in the order in which they are asked. */
  readonly providers?: readonly Script[];
  readonly overrides?: Overrides;
  readonly trusted?: boolean;
  readonly config?: Partial<Config>;
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const { script = [], providers = [script ?? []], overrides = {} } = options;
  const home = await mkdtemp(join(tmpdir(), "mainstay-house-"));
  const models = await Promise.all(
    providers.map((script, i) =>
      startFakeProvider({
        script: besideProbes(script),
        clock: systemClock,
        models: [modelName(i)],
      }),
    ),
  );
  const urls = models.map(({ url }) => url);
  const config = {
    ...configFor(home, script === null ? [] : urls),
    ...options.config,
  };
  let server: Server = await startServer(config, overrides);
  const key = (await readFile(join(home, "owner.key"), "utf8")).trim();
  let client = clientFor(server.url, key);

  async function until(
    turn_id: string,
    passes: (event: ClientEvent) => boolean,
    how: EventsOptions = {},
  ) {
    for await (const event of client.events(turn_id, how)) if (passes(event)) return event;
    throw new Error(`turn ${turn_id} ended before the awaited event`);
  }

  return {
    get client() {
      return client;
    },
    get url() {
      return server.url;
    },
    home,
    key,
    model: models[0]!,
    models,
    until,
    ask: (message, more = {}) => client.turns.create({ message, ...more }, { wait_s: 60 }),
    async journal(turn_id) {
      const events: JournalEvent[] = [];
      for await (const event of client.events(turn_id))
        if (isJournalEvent(event)) events.push(event);
      return events;
    },
    async restart(again = overrides) {
      await server.stop("leave");
      server = await startServer(config, again);
      client = clientFor(server.url, key);
    },
    async close() {
      await server.stop("end");
      await Promise.all(models.map((each) => each.close()));
      await rm(home, { recursive: true, force: true });
    },
  };
}

export const clientFor = (base_url: string, key: string): Client =>
  createClient({ base_url, key, fetch, clock: systemClock, random: Math.random });

export function configFor(home: string, model_urls: readonly string[]): Config {
  const config = readConfig({ MAINSTAY_HOME: home, MAINSTAY_PORT: "0" });
  const providers = model_urls.map((base_url, i) => ({
    id: `fake-${i + 1}`,
    type: "openai-compatible" as const,
    base_url,
    api_keys: ["fake"],
    models: [modelName(i)],
    limits: { concurrency: null, requests_per_minute: null, tokens_per_minute: null },
    prices: {},
    reasoning: [],
    source: "test",
  }));
  return { ...config, providers, local_places: [], log_level: "silent" };
}

const modelName = (i: number): string => `fake-model-${i + 1}`;

/** A reply that calls one tool. */
export const calls = (name: string, input: object | string): Reply => ({
  tool_calls: [{ name, arguments: input }],
});

/** A reply that is an answer. */
export const says = (text: string): Reply => ({ text });
