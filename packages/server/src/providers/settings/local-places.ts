import type { ProviderSettings } from "../target.ts";
import type { Environment } from "./settings.ts";

/** Where a model server of this machine would listen. */
export interface LocalPlace {
  readonly id: string;
  /** Of its OpenAI-compatible interface. */
  readonly base_url: string;
  /** The operator said where it is, so that it is believed whoever it belongs to. */
  readonly is_named: boolean;
  /** What it is to be asked for; null: the first that it lists. */
  readonly model: string | null;
}

const OLLAMA_PORT = 11_434;
const LM_STUDIO_PORT = 1_234;

/** What is looked for; a place that is configured already is not. What is wrong is added to `faults`. */
export function localPlaces(
  env: Environment,
  configured: readonly ProviderSettings[],
  faults: string[],
): readonly LocalPlace[] {
  const places: LocalPlace[] = [
    {
      id: "ollama",
      base_url: ollamaUrl(env, faults),
      is_named: env["OLLAMA_HOST"] !== undefined,
      model: env["OLLAMA_MODEL"] ?? null,
    },
    {
      id: "lm-studio",
      base_url: `http://127.0.0.1:${LM_STUDIO_PORT}/v1`,
      is_named: false,
      model: env["LM_STUDIO_MODEL"] ?? null,
    },
  ];
  const taken = new Set(configured.flatMap(({ id, base_url }) => [id, hostOf(base_url)]));
  return places.filter(({ id, base_url }) => !taken.has(id) && !taken.has(hostOf(base_url)));
}

/** As Ollama reads the variable itself: a name, a port, both, or a URL; what it binds to is on this machine. */
function ollamaUrl(env: Environment, faults: string[]): string {
  const told = env["OLLAMA_HOST"];
  if (told === undefined) return `http://127.0.0.1:${OLLAMA_PORT}/v1`;
  const has_scheme = /^https?:\/\//.test(told);
  const bare = told.startsWith(":") ? `127.0.0.1${told}` : told;
  const url = URL.parse(has_scheme ? told : `http://${bare}`);
  if (url === null || url.username !== "") {
    faults.push("OLLAMA_HOST must be like 127.0.0.1:11434, without a user name");
    return `http://127.0.0.1:${OLLAMA_PORT}/v1`;
  }
  const host = /^(0\.0\.0\.0|\[::\])$/.test(url.hostname) ? "127.0.0.1" : url.hostname;
  const says_port = has_scheme || /:\d+\/?$/.test(bare);
  const port = says_port ? url.port : String(OLLAMA_PORT);
  return `${url.protocol}//${host}${port === "" ? "" : `:${port}`}/v1`;
}

/** Names of this machine are one. */
const hostOf = (base_url: string | null): string | null => {
  const url = base_url === null ? null : URL.parse(base_url);
  if (url === null) return null;
  const is_here = url.hostname === "localhost" || url.hostname === "[::1]";
  return `${is_here ? "127.0.0.1" : url.hostname}:${url.port}`;
};
