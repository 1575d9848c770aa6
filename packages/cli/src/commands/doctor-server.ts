/** What a running server says of itself, for `mainstay doctor`. */
import { Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { ProviderStatus } from "@mainstay/sdk/providers";
import type { Level, Readiness } from "@mainstay/sdk/resources";
import type { DoctorCheck } from "@mainstay/server/commands/doctor";
import type { Config } from "../config.ts";
import { withClient, type ConnectParts } from "../connect.ts";
import { isAskable, modelLine } from "../conversation/model-line.ts";
import { pauseLine } from "../conversation/pause-line.ts";

export interface Check extends Omit<DoctorCheck, "area"> {
  area: DoctorCheck["area"] | "server";
  /** Worth a look, and no fault: `ok` is true. */
  warns?: true;
}

export interface ServerLook {
  checks: readonly Check[];
  /** What becomes of a finding in this terminal, where a server may know better. */
  regard(here: DoctorCheck): Check[];
  /** What the spool of this data folder takes; null where no server says so. */
  spool: string | null;
}

const silent: Omit<ServerLook, "checks"> = { regard: (here) => [here], spool: null };
const start = "npm start, or: mainstay serve";

/** A server that does not run is no fault: `doctor` is for the time before the first start, too. */
export async function lookAtServer(
  { server }: Pick<Config, "server">,
  parts: ConnectParts,
): Promise<ServerLook> {
  const check = { area: "server", name: server.kind } as const;
  try {
    return await withClient(server, parts, async (client) => lookWith(client, server.kind, parts));
  } catch (fault) {
    if (fault instanceof Unreachable && server.kind === "local") {
      const detail = "does not run; models as a start from this terminal would ask them";
      return { checks: [{ ...check, ok: true, detail, fix: start }], ...silent };
    }
    const detail = fault instanceof Error ? fault.message : String(fault);
    const fix = "is the address right, and the key?";
    return { checks: [{ ...check, ok: false, detail, fix }], ...silent };
  }
}

async function lookWith(
  client: Client,
  kind: Config["server"]["kind"],
  { clock }: ConnectParts,
): Promise<ServerLook> {
  const readiness = await client.readyz();
  const { items } = await client.providers.list();
  const spool = readiness.checks.find(({ name }) => name === "spool")?.detail ?? null;
  return {
    checks: [...providerChecks(items, clock.now()), standing(readiness, kind)],
    regard: ofThisTerminal,
    spool: kind === "local" ? spool : null,
  };
}

/**
 * One that works on over a damaged trail is a fault: it is ready, and nobody may overlook what it says.
 * Its models have rows of their own.
 */
function standing({ ready, level, version, checks }: Readiness, name: string): Check {
  const ok = ready && checks.every(({ name, ok }) => ok || name !== "audit");
  const fix = ok ? null : "see what is said here, and the server's log";
  const found = checks
    .filter(({ name }) => name !== "models")
    .map(({ name, detail }) => `; ${name}: ${detail}`)
    .join("");
  const detail = `runs, version ${version}, level ${level}${levels[level]}${found}`;
  return { area: "server", name, ok, detail, fix };
}

const levels: Record<Level, string> = {
  full: "",
  reduced: " (some models cannot be asked, others answer)",
  offline: " (no model can be asked)",
  "read-only": " (nothing new is taken in)",
};

/** A running server knows its models; this terminal's settings only say what a start from here would have. */
function ofThisTerminal(here: DoctorCheck): Check[] {
  if (here.area === "providers") return [];
  if (here.area !== "configuration") return [here];
  const detail = `the running server has what it needs; ${here.detail}`;
  const fix =
    "mend it to start a server or test a provider from this terminal, and for a look at data and sandbox";
  return [{ ...here, ok: true, warns: true, detail, fix }];
}

const none: Check = {
  ...{ area: "providers", name: "models", ok: true },
  detail: "none: answers come from local files",
  fix: "for example: mainstay provider set groq",
};

/** A row each, in the order in which they are asked. It is a fault where none of them can be. */
function providerChecks(providers: readonly ProviderStatus[], now_ms: number): Check[] {
  if (providers.length === 0) return [none];
  const some_answer = providers.some(isAsked);
  return providers.map((provider) => {
    const check = {
      area: "providers",
      name: provider.id,
      detail: inWords(provider, now_ms),
    } as const;
    if (isAsked(provider)) return { ...check, ok: true, fix: null };
    const fix = fixOf(provider);
    return some_answer ? { ...check, ok: true, warns: true, fix } : { ...check, ok: false, fix };
  });
}

const isAsked = ({ pause, models }: ProviderStatus): boolean =>
  pause === null && models.some(isAskable);

function inWords({ source, pause, models }: ProviderStatus, now_ms: number): string {
  const each =
    pause === null ? models.map((model) => modelLine(model, models, now_ms)) : [pauseLine(pause)];
  return `${each.join("; ")} (the server has it from ${source})`;
}

function fixOf({ id, pause, models }: ProviderStatus): string | null {
  if (pause !== null) return `mainstay resume provider ${id}`;
  const is_refused = models.every(({ state }) => state === "retired");
  return is_refused ? `mainstay provider test ${id}, where its key is set, says what to do` : null;
}
