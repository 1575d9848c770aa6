import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import type { AuditSettings } from "./audit/audit.ts";
import type { BackupsBudget } from "./files/files.ts";
import type { RetentionSettings } from "./memory/retention.ts";
import { ProviderEntry } from "./providers/settings/entry.ts";
import { readKeptKeys } from "./providers/settings/kept-keys.ts";
import { type LocalPlace, localPlaces } from "./providers/settings/local-places.ts";
import {
  type Environment,
  type ProposedKey,
  readProviders,
} from "./providers/settings/settings.ts";
import type { ProviderSettings } from "./providers/target.ts";
import type { LogLevel } from "./telemetry/log.ts";

const ROOT_HOME = "/var/lib/mainstay";
const JOURNAL_DAYS = 30;
const JOURNAL_BYTES = 4_294_967_296;
const BACKUP_BYTES = 1_073_741_824;
const BACKUP_DAYS = 30;

const NO_CREDENTIALS =
  "must not hold a user name or a password: put a token in its path or query instead";

const hasCredentials = (url: string): boolean => {
  const { username = "", password = "" } = URL.parse(url) ?? {};
  return username !== "" || password !== "";
};

/** `mainstay.json`. Every setting is optional. */
const ConfigFile = z.strictObject({
  port: z.int().min(0).max(65_535).optional(),
  /** Names beside loopback under which browsers reach this server. */
  allowed_hosts: z.array(z.string().min(1).toLowerCase()).optional(),
  log_level: z.enum(["silent", "error", "warn", "info"]).optional(),
  providers: z.array(ProviderEntry).optional(),
  /** Ids of providers that are asked before all others, in this order. */
  provider_order: z.array(z.string()).optional(),
  /** Whether a model server of this machine is looked for. */
  discover_local: z.boolean().optional(),
  /** Commands run without a sandbox, each one asked about; for one person on a machine of their own. */
  unsandboxed: z.boolean().optional(),
  retention: z
    .strictObject({
      /** Days until the journal of a settled turn folds to a transcript. */
      journal_days: z.int().min(1).max(36_500).optional(),
      /** Bytes that the data file may use; above it older turns fold earlier, then new ones are refused. */
      journal_bytes: z.int().min(16_777_216).optional(),
    })
    .optional(),
  backups: z
    .strictObject({
      /** Bytes that files may take which are kept as they were before an edit; older ones go first. */
      bytes: z.int().min(1_048_576).optional(),
      /** Days after which none is kept any more. */
      days: z.int().min(1).max(36_500).optional(),
    })
    .optional(),
  audit: z
    .strictObject({
      /** A file off this machine (a mount, say) that always has the newest signed head of the trail. */
      head_file: z.string().startsWith("/", "must be an absolute path").optional(),
      /** Where each signed head is posted as JSON. */
      webhook: z
        .url({ protocol: /^https?$/ })
        .refine((url) => !hasCredentials(url), NO_CREDENTIALS)
        .optional(),
    })
    .optional(),
});
type ConfigFile = z.infer<typeof ConfigFile>;

export interface Config {
  readonly home: string;
  /** Whether a client finds it without being told. */
  readonly is_default_home: boolean;
  readonly port: number;
  readonly allowed_hosts: readonly string[];
  readonly log_level: LogLevel;
  /** In the order in which they are asked. */
  readonly providers: readonly ProviderSettings[];
  /** Where model servers of this machine are looked for. */
  readonly local_places: readonly LocalPlace[];
  readonly retention: RetentionSettings;
  /** What undos can go back to; nothing of today and yesterday is ever given up for it. */
  readonly backups: BackupsBudget;
  readonly audit: AuditSettings;
  readonly unsandboxed: boolean;
  readonly uid: number;
  readonly node_path: string;
  readonly version: string;
}

/** All that is wrong with the configuration, at once, each fault with its fix. */
class ConfigFault extends Error {
  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n- ${faults.join("\n- ")}`);
    this.name = "ConfigFault";
  }
}

/**
 * Reads the configuration once: the file, then the variables, which win.
 *
 * @param proposed a key of a provider, as if it had been kept
 * @param needs_keys false: where the one that is missing may be set
 * @throws ConfigFault
 */
export function readConfig(
  environment: Environment = process.env,
  {
    proposed = null,
    needs_keys = true,
  }: { readonly proposed?: ProposedKey | null; readonly needs_keys?: boolean } = {},
): Config {
  const faults: string[] = [];
  const env = withoutEmpty(environment);
  const home = resolve(env["MAINSTAY_HOME"] ?? defaultHome());
  const file = readFile(env["MAINSTAY_CONFIG"] ?? join(home, "mainstay.json"), faults);
  const port = portFrom(env, faults) ?? file.port ?? 7420;
  const audit = auditFrom(file, env, faults);
  const providers = readProviders(
    {
      ...{ entries: file.providers ?? [], env, order: file.provider_order ?? [] },
      ...{ kept: readKeptKeys(home, faults), proposed, needs_keys },
    },
    faults,
  );
  const looks = discoversLocal(file, env, faults);
  const uid = process.getuid?.() ?? -1;
  if (file.unsandboxed && uid === 0)
    faults.push("unsandboxed is refused for root: start the server as an ordinary user");
  const local_places = looks ? localPlaces(env, providers, faults) : [];
  if (faults.length > 0) throw new ConfigFault(faults);
  return {
    home,
    is_default_home: home === resolve(defaultHome()),
    port,
    allowed_hosts: file.allowed_hosts ?? [],
    log_level: file.log_level ?? "warn",
    ...{ providers, local_places },
    retention: {
      journal_days: file.retention?.journal_days ?? JOURNAL_DAYS,
      journal_bytes: file.retention?.journal_bytes ?? JOURNAL_BYTES,
    },
    backups: {
      bytes: file.backups?.bytes ?? BACKUP_BYTES,
      days: file.backups?.days ?? BACKUP_DAYS,
    },
    audit,
    unsandboxed: file.unsandboxed ?? false,
    uid,
    node_path: process.execPath,
    version: readVersion(),
  };
}

function auditFrom({ audit }: ConfigFile, env: Environment, faults: string[]): AuditSettings {
  const head_file = env["MAINSTAY_AUDIT_HEAD_FILE"] ?? audit?.head_file ?? null;
  const webhook = env["MAINSTAY_AUDIT_WEBHOOK"] ?? audit?.webhook ?? null;
  if (head_file !== null && !isAbsolute(head_file))
    faults.push(`MAINSTAY_AUDIT_HEAD_FILE must be an absolute path, got ${head_file}`);
  if (webhook !== null && !/^https?:$/.test(URL.parse(webhook)?.protocol ?? ""))
    faults.push("MAINSTAY_AUDIT_WEBHOOK must be an http(s) URL");
  if (webhook !== null && hasCredentials(webhook))
    faults.push(`MAINSTAY_AUDIT_WEBHOOK ${NO_CREDENTIALS}`);
  return { head_file, webhook };
}

/** A variable that is set to nothing is not set. */
const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));

/** The version of the running Node.js, without the v. */
export const nodeVersion = (): string => process.versions.node;

/** Where state lives when nothing says otherwise. */
const defaultHome = (): string =>
  process.getuid?.() === 0 ? ROOT_HOME : join(homedir(), ".mainstay");

function readFile(path: string, faults: string[]): ConfigFile {
  const text = readIfThere(path, faults);
  if (text === null) return {};
  try {
    const parsed = ConfigFile.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues)
      faults.push(`${path}: ${issue.path.join(".") || "the file"}: ${issue.message}`);
  } catch (fault) {
    faults.push(`${path}: ${(fault as Error).message}; mend the JSON or remove the file`);
  }
  return {};
}

function readIfThere(path: string, faults: string[]): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== "ENOENT")
      faults.push(`${path} cannot be read: ${(fault as Error).message}`);
    return null;
  }
}

function portFrom(env: Environment, faults: string[]): number | undefined {
  const text = env["MAINSTAY_PORT"];
  if (text === undefined) return undefined;
  const port = z.coerce.number().int().min(0).max(65_535).safeParse(text);
  if (!port.success) faults.push(`MAINSTAY_PORT must be a port from 0 to 65535, got ${text}`);
  return port.data;
}

function discoversLocal(file: ConfigFile, env: Environment, faults: string[]): boolean {
  const told = env["MAINSTAY_DISCOVER_LOCAL"];
  if (told === undefined) return file.discover_local ?? true;
  if (!/^(true|false)$/.test(told))
    faults.push(`MAINSTAY_DISCOVER_LOCAL must be true or false, got ${told}`);
  return told === "true";
}

function readVersion(): string {
  const manifest = new URL("../package.json", import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, "utf8")))
    .version;
}
