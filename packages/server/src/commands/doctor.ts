import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { auditCheck } from "./doctor-audit.ts";
import { dataChecks } from "./doctor-data.ts";
import { sandboxChecks } from "./doctor-sandbox.ts";
import { type Config, nodeVersion, readConfig } from "../config.ts";
import { messageOf } from "../kernel/errors.ts";
import { knownProviders } from "../providers/providers.ts";

const NODE_MAJOR = 24;

export interface DoctorCheck {
  readonly area: "runtime" | "configuration" | "data folder" | "sandbox" | "providers";
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it; null where nothing is to be done. */
  readonly fix: string | null;
}

export interface DoctorReport {
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}

/**
 * Looks at everything that Mainstay stands on, without a running server. Changes nothing.
 *
 * @param spool_told what a running server says that its spool takes; null without one
 */
export async function doctor(spool_told: string | null): Promise<DoctorReport> {
  const config = configured();
  const checks =
    config instanceof Error
      ? [runtime(), misconfigured(config)]
      : [
          runtime(),
          dataFolder(config),
          ...(await dataChecks(config, { spool_told })),
          ...(await auditCheck(config)),
          ...(await sandboxChecks(config)),
          ...providers(config),
        ];
  return { ok: checks.every((check) => check.ok), checks };
}

function configured(): Config | Error {
  try {
    return readConfig();
  } catch (fault) {
    return fault instanceof Error ? fault : new Error(String(fault));
  }
}

function runtime(): DoctorCheck {
  const version = nodeVersion();
  const major = Number.parseInt(version, 10);
  return {
    area: "runtime",
    name: "Node.js",
    ok: major >= NODE_MAJOR,
    detail: version,
    fix: major >= NODE_MAJOR ? null : "start Mainstay with `npm start`: it brings its own Node.js",
  };
}

const misconfigured = (fault: Error): DoctorCheck => ({
  area: "configuration",
  name: "settings",
  ok: false,
  detail: `as this terminal has them: ${fault.message}`,
  fix: "mend what is named there",
});

function dataFolder({ home, uid }: Config): DoctorCheck {
  const check = { area: "data folder", name: home } as const;
  try {
    const folder = existsSync(home) ? home : nearestParent(home);
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (folder !== home)
      return { ...check, ok: true, detail: "not there yet; the first start makes it", fix: null };
    const { uid: owner, mode } = statSync(home);
    if (owner === uid && (mode & 0o077) === 0)
      return { ...check, ok: true, detail: "yours alone, writable", fix: null };
    return { ...check, ok: false, detail: "others can reach it", fix: `chmod 700 '${home}'` };
  } catch (fault) {
    const fix = "set MAINSTAY_HOME to a folder that you can write to";
    return { ...check, ok: false, detail: messageOf(fault), fix };
  }
}

function nearestParent(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) || parent === path ? parent : nearestParent(parent);
}

/** In the order in which they are asked; then who could be, with a key. */
function providers({ providers }: Config): DoctorCheck[] {
  const check = { area: "providers", ok: true, fix: null } as const;
  const configured = providers.map(({ id, models, source, base_url, api_keys }, i) => {
    const keys = ["no key", "a key"][api_keys.length] ?? `${api_keys.length} keys`;
    const at = base_url === null ? "" : ` at ${base_url}`;
    const place = providers.length === 1 ? "" : `asked as number ${i + 1}: `;
    return {
      ...check,
      name: id,
      detail: `${place}${models.join(", ")}${at}, ${keys} (from ${source})`,
    };
  });
  return [...(configured.length === 0 ? [NO_MODELS] : configured), ...withoutKey(providers)];
}

const NO_MODELS: DoctorCheck = {
  ...{ area: "providers", name: "models", ok: true },
  detail: "none: answers come from local files",
  fix: "for example: mainstay provider set groq; or set a key's variable, and start again",
};

function withoutKey(configured: Config["providers"]): DoctorCheck[] {
  const types = new Set(configured.map(({ type }) => type));
  const others = knownProviders.filter(({ type }) => !types.has(type));
  if (others.length === 0) return [];
  const detail = others.map(({ id, key_variable }) => `${id} (${key_variable})`).join(", ");
  return [{ area: "providers", name: "not set up", ok: true, detail, fix: null }];
}
