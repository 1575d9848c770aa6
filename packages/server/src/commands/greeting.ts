import { fileURLToPath } from "node:url";
import type { Server } from "../assemble.ts";
import type { Config } from "../config.ts";

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
    return "none: answers come from local files; for more: mainstay provider set groq, say";
  const named = (models: readonly { model: string }[]) =>
    [...new Set(models.map(({ model }) => model))].join(", ");
  return providers.map(({ id, models }) => `${id} (${named(models)})`).join(", then ");
}

/** As a POSIX shell reads it back. */
const quoted = (path: string): string =>
  /^[\w/.+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
