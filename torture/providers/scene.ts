import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Script } from "@mainstay/fake-provider/script";
import type { WireName } from "@mainstay/fake-provider/wires/wires";
import { systemClock } from "@mainstay/sdk/clock";
import type { Actor } from "../../packages/server/src/kernel/lifecycle.ts";
import type { ModelPart, ModelPort, ModelRequest } from "../../packages/server/src/kernel/model.ts";
import type { ProviderSettings } from "../../packages/server/src/providers/target.ts";
import {
  never,
  openPool,
  requestOf,
  settingsOf,
  shownBy,
} from "../../packages/server/test/providers/pool.ts";

/** A pool as a scene needs it: the real one, or one with a planted fault. */
export type Port = ModelPort & Actor;
export type OpenPort = (settings: readonly ProviderSettings[]) => Port;

/** One step, as person and providers saw it. */
export interface Asked {
  readonly parts: readonly ModelPart[];
  /** What stands on the screen in the end. */
  readonly shown: string;
  /** Null: it was answered. */
  readonly fault: unknown;
  readonly took_ms: number;
}

export interface Scene {
  readonly models: readonly FakeProvider[];
  readonly port: Port;
  ask(request?: ModelRequest, signal?: AbortSignal): Promise<Asked>;
  close(): Promise<void>;
}

export interface SceneOptions {
  /** Of each target, in the order in which they are asked. */
  readonly scripts: readonly Script[];
  /** Whose wire the first speaks; the others speak OpenAI's. */
  readonly as?: WireName;
  readonly open?: OpenPort;
  /** The first cannot be connected to. */
  readonly is_refused?: boolean;
}

const realPort: OpenPort = (settings) => openPool(settings).providers;

/** Targets `p1`, `p2` … over real sockets, probed in the background as in a server. */
export async function openScene(options: SceneOptions): Promise<Scene> {
  const { scripts, as = "openai", open = realPort, is_refused = false } = options;
  const models = await Promise.all(
    scripts.map((script, i) =>
      startFakeProvider({ script, clock: systemClock, as: i === 0 ? as : "openai" }),
    ),
  );
  const settings = models.map(({ url }, i) => {
    const type = i > 0 || as === "openai" ? "openai-compatible" : as;
    return settingsOf(`p${i + 1}`, url, [`m${i + 1}`], type);
  });
  if (is_refused) await models[0]!.close();
  const port = open(settings);
  await port.start();
  return {
    models,
    port,
    ask: (request = requestOf("hello"), signal = never) => asked(port, request, signal),
    async close() {
      await port.stop();
      await Promise.all(models.map((model) => model.close()));
    },
  };
}

async function asked(port: ModelPort, request: ModelRequest, signal: AbortSignal): Promise<Asked> {
  const parts: ModelPart[] = [];
  const began = systemClock.monotonic();
  let fault: unknown = null;
  try {
    for await (const part of port.stream(request, signal)) parts.push(part);
  } catch (thrown) {
    fault = thrown;
  }
  return { parts, shown: shownBy(parts), fault, took_ms: systemClock.monotonic() - began };
}

/** How often a target was asked. */
export const callsOf = (provider: string, steps: readonly Asked[]): number =>
  steps
    .flatMap(({ parts }) => parts)
    .filter((part) => part.type === "attempt_started" && part.provider === provider).length;

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
