import { Unreachable } from "@mainstay/sdk/call";
import type { ModelStatus, ProviderStatus } from "@mainstay/sdk/providers";
import type { ConfiguredProvider } from "@mainstay/server/commands/provider";
import type { Config } from "../config.ts";
import { withClient, type ConnectParts } from "../connect.ts";
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
    else showStatus(items, screen);
  } catch (fault) {
    if (!(fault instanceof Unreachable) || config.server.kind !== "local") throw fault;
    const { configuredProviders } = await import("@mainstay/server/commands/provider");
    const items = configuredProviders();
    if (json) screen.json({ from: "settings", items });
    else showSettings(items, screen);
  }
  return exit.ok;
}

const NONE = "None: answers come from local files. To add one: mainstay provider set groq, say.";

function showStatus(items: readonly ProviderStatus[], screen: Screen): void {
  if (items.length === 0) return screen.note(NONE);
  for (const { id, source, pause, models } of items) {
    screen.print(`${oneLine(id)}  (from ${oneLine(source)})`, "strong");
    if (pause !== null)
      screen.print(`  ${pauseLine(pause)}  (mainstay resume provider ${oneLine(id)})`, "bad");
    for (const model of models) screen.print(`  ${modelLine(model, models)}`, tones[model.state]);
  }
}

const tones: Record<ModelStatus["state"], Tone> = {
  ready: "plain",
  half_open: "plain",
  paced: "plain",
  open: "bad",
  retired: "bad",
};

const states: Record<ModelStatus["state"], string> = {
  ready: "ready",
  half_open: "comes back",
  paced: "its rate is used up",
  open: "is not asked",
  retired: "its key is refused",
};

/** A key is named only where there are several. */
function modelLine(status: ModelStatus, all: readonly ModelStatus[]): string {
  const { model, credential, state, cause, until, answered, failed, first_token_ms } = status;
  const several = all.some((other) => other.model === model && other.credential !== credential);
  const stands = `${states[state]}${cause === null ? "" : `: ${cause}`}`;
  return [
    `${model}${several ? ` with key ${credential}` : ""}: ${stands}`,
    ...(until === null ? [] : [`looked at again ${until}`]),
    ...(answered + failed === 0 ? [] : [`answered ${answered}, failed ${failed}`]),
    ...(first_token_ms === null ? [] : [`first word after ${Math.round(first_token_ms)} ms`]),
  ]
    .map((text) => oneLine(text))
    .join(", ");
}

function showSettings(items: readonly ConfiguredProvider[], screen: Screen): void {
  screen.note("No server runs; from the settings here, in the order in which they are asked:");
  if (items.length === 0) return screen.note(NONE);
  for (const { id, models, keys, source } of items) {
    const key = keys === 0 ? "no key" : keys === 1 ? "a key" : `${keys} keys`;
    screen.print(oneLine(`${id}: ${models.join(", ")}; ${key} (from ${source})`));
  }
}
