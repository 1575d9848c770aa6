import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { auditCheck } from "./doctor-audit.ts";
import { dataChecks } from "./doctor-data.ts";
import { sandboxChecks } from "./doctor-sandbox.ts";
import { type Config, nodeVersion, readConfig } from "../config.ts";
import { messageOf } from "../kernel/errors.ts";

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
  detail: fault.message,
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

function providers(config: Config): DoctorCheck[] {
  if (config.providers.length === 0) {
    const detail = "none configured: Mainstay answers from local files only (mode offline)";
    const fix = "set OPENAI_API_KEY (and OPENAI_BASE_URL for another server), then start again";
    return [{ area: "providers", name: "models", ok: true, detail, fix }];
  }
  return config.providers.map(({ id, models, source, base_url }) => ({
    area: "providers",
    name: id,
    ok: true,
    detail: `${models.join(", ")}${base_url === null ? "" : ` at ${base_url}`} (from ${source})`,
    fix: null,
  }));
}
