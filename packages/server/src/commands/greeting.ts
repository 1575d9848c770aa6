import { fileURLToPath } from "node:url";
import type { ProviderStatus } from "@mainstay/sdk/providers";
import type { Server } from "../assemble.ts";
import type { Config } from "../config.ts";
import { troubleOf } from "../health/health.ts";

const command = fileURLToPath(new URL("../../../../mainstay", import.meta.url));

/** What a person reads when the server is up: where it is, and what to type next. */
export function greeting(config: Config, server: Server): string {
  const lines = [
    `Mainstay ${config.version} serves on ${server.url}`,
    `  data    ${config.home}${server.owner_created ? " (new; your key is owner.key in it)" : ""}`,
    `  models  ${modelsOf(server)}`,
    "",
    "Talk to it from another terminal, in the folder that it should work in:",
    `  alias mainstay=${quoted(command)}`,
    ...(config.is_default_home ? [] : [`  export MAINSTAY_HOME=${quoted(config.home)}`]),
    '  mainstay ask "what is in this folder?"',
    "  mainstay chat",
    "  mainstay doctor",
    "",
    "Ctrl-C stops it.",
  ];
  return `${lines.join("\n")}\n`;
}

function modelsOf(server: Server): string {
  const providers = server.models();
  if (providers.length === 0)
    return "none: answers come from local files; for more, for example: mainstay provider set groq";
  return providers.map((provider) => `${provider.id} (${standOf(provider)})`).join(", then ");
}

/** Its models; of those that are not asked now, why. */
function standOf({ pause, models }: ProviderStatus): string {
  if (pause !== null) return `paused by ${pause.by}`;
  return [...Map.groupBy(models, ({ model }) => model)]
    .map(([model, keys]) => [model, troubleOf(keys) ?? []].flat().join(": "))
    .join(", ");
}

/** As a POSIX shell reads it back. */
const quoted = (path: string): string =>
  /^[\w/.+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
