import { Unreachable } from "@mainstay/sdk/call";
import type { ModelStatus, ProviderStatus } from "@mainstay/sdk/providers";
import type { ConfiguredProvider } from "@mainstay/server/commands/provider";
import type { Config } from "../config.ts";
import { withClient, type ConnectParts } from "../connect.ts";
import { modelLine } from "../conversation/model-line.ts";
import { pauseLine } from "../conversation/pause-line.ts";
import { exit, type ExitCode } from "../exit.ts";
import type { Run } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import type { Terminal } from "../terminal/line-reader.ts";
import type { Screen, Tone } from "../terminal/screen.ts";

export interface ProviderParts extends ConnectParts {
  run: Run;
  screen: Screen;
  terminal: Terminal;
  config: Config;
}

/** A running server knows how they stand; without one here, the settings say what a start would ask. */
export async function listProviders(parts: ProviderParts, json: boolean): Promise<ExitCode> {
  const { config, screen, ...connect } = parts;
  try {
    const { items } = await withClient(config.server, connect, (client) => client.providers.list());
    if (json) screen.json({ from: "server", items });
    else showStatus(items, screen, connect.clock.now());
  } catch (fault) {
    if (!(fault instanceof Unreachable) || config.server.kind !== "local") throw fault;
    const { configuredProviders } = await import("@mainstay/server/commands/provider");
    const items = configuredProviders();
    if (json) screen.json({ from: "settings", items });
    else showSettings(items, screen);
  }
  return exit.ok;
}

const NONE =
  "None: answers come from local files. To add one, for example: mainstay provider set groq";

function showStatus(items: readonly ProviderStatus[], screen: Screen, now_ms: number): void {
  if (items.length === 0) return screen.note(NONE);
  for (const { id, source, pause, models } of items) {
    screen.print(`${oneLine(id)}  (from ${oneLine(source)})`, "strong");
    if (pause !== null)
      screen.print(`  ${pauseLine(pause)}  (mainstay resume provider ${oneLine(id)})`, "bad");
    for (const model of models)
      screen.print(`  ${modelLine(model, models, now_ms)}`, tones[model.state]);
  }
}

const tones: Record<ModelStatus["state"], Tone> = {
  ready: "plain",
  half_open: "plain",
  paced: "plain",
  open: "bad",
  retired: "bad",
};

function showSettings(items: readonly ConfiguredProvider[], screen: Screen): void {
  screen.note("No server runs; from the settings here, in the order in which they are asked:");
  if (items.length === 0) return screen.note(NONE);
  for (const { id, models, keys, source } of items) {
    const key = keys === 0 ? "no key" : keys === 1 ? "a key" : `${keys} keys`;
    screen.print(oneLine(`${id}: ${models.join(", ")}; ${key} (from ${source})`));
  }
}
