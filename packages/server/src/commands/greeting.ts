import type { Server } from "../assemble.ts";
import type { Config } from "../config.ts";

/** What a person reads when the server is up: where it is, and what to type next. */
export function greeting(config: Config, server: Server): string {
  const lines = [
    `Mainstay ${config.version} serves on ${server.url}`,
    `  data      ${config.home}`,
    `  models    ${modelsOf(config)}`,
    "",
    ...(server.owner_created ? [`Your key was made: ${config.home}/owner.key`, ""] : []),
    "Talk to it from another terminal:",
    '  npx mainstay ask "what is in this folder?"',
    "  npx mainstay chat",
    "  npx mainstay doctor",
    "",
    "Ctrl-C stops it.",
  ];
  return `${lines.join("\n")}\n`;
}

function modelsOf({ providers }: Config): string {
  if (providers.length === 0)
    return "none: answers come from local files; set OPENAI_API_KEY (and OPENAI_BASE_URL) for more";
  return providers.map(({ id, models }) => `${id} (${models.join(", ")})`).join(", ");
}
