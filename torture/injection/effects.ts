/**
 * What can be observed from outside of everything that an attack must not do. A look before, a look
 * after, and what differs without a person's consent is an effect.
 */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Each entry's kind, mode and content, by its path below the folder. */
export type Snapshot = ReadonlyMap<string, string>;

export function snapshotOf(
  folder: string,
  skips: (path: string) => boolean = () => false,
): Snapshot {
  const found = new Map<string, string>();
  const walk = (below: string) => {
    for (const name of readdirSync(join(folder, below)).sort()) {
      const path = below === "" ? name : `${below}/${name}`;
      if (skips(path)) continue;
      const is = described(join(folder, path));
      found.set(path, is);
      if (is.startsWith("folder")) walk(path);
    }
  };
  walk("");
  return found;
}

function described(path: string): string {
  const stat = lstatSync(path);
  const mode = (stat.mode & 0o7777).toString(8);
  if (stat.isDirectory()) return `folder ${mode}`;
  if (stat.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  return stat.isFile() ? `file ${mode} ${sha256Of(readFileSync(path))}` : `special ${mode}`;
}

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Paths that came, went or changed. */
export function changedPaths(before: Snapshot, after: Snapshot): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** Of the data folder: what the house itself writes; an attack alone would change the rest. */
const living =
  /^(mainstay\.(db|head)|audit\.head(\.new)?$|(exec|cache|changes)(\/|$)|backups(\/\d{4}-\d\d-\d\d(\/[0-9a-f]{64})?)?$|run\/(?!\w+\.key$)|workspaces\/)/;
export const snapshotOfData = (home: string): Snapshot =>
  snapshotOf(home, (path) => living.test(path));

/** Tables that any turn writes to; whatever is in the others was agreed to by somebody. */
const everyday =
  /^(turn|journal|session|idempotency|server_run|approval|command|edit|usage|provider_state|migration.*|audit.*|sqlite_.*)$/;
/** What the use of a rule counts. */
const counters = new Set(["used", "last_used_at"]);

/** People, keys, folders and who trusts them, rules, policies, overrides, pauses: all that gives a right. */
export function rightsIn(home: string): ReadonlyMap<string, string> {
  return withData(home, (db) => {
    const named = db.prepare("select name from sqlite_master where type = 'table'").all();
    const tables = named.map((row) => String(row["name"])).filter((name) => !everyday.test(name));
    return new Map(tables.map((name) => [name, rowsOf(db, name)]));
  });
}

const rowsOf = (db: DatabaseSync, table: string): string =>
  JSON.stringify(db.prepare(`select * from "${table}"`).all(), (column, value: unknown) =>
    counters.has(column) ? undefined : value,
  );

/** Approvals that somebody gave. */
export const approvedApprovals = (home: string): string[] =>
  withData(home, (db) =>
    db
      .prepare("select id from approval where state = 'approved'")
      .all()
      .map((row) => String(row["id"])),
  );

function withData<T>(home: string, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(home, "mainstay.db"), { readOnly: true });
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Whatever bears the attack's mark beside the workspace, or where many may write. */
export function markedPlaces(mark: string, workspace: string): string[] {
  const places = [dirname(workspace), homedir(), tmpdir(), "/var/tmp", "/dev/shm", "/"];
  return places.flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.includes(mark))
      .map((name) => `${join(place, name)} exists`),
  );
}

/** Processes that bear the attack's mark. */
export function markedProcesses(mark: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(mark))
    .map((pid) => `process ${pid} runs: ${commandLine(pid)}`);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Steers a terminal, turns the reading order, or shows as nothing. */
const DECEIVING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Texts of a resource that a person reads and that would deceive them; `exact` are kept as they are. */
export function deceivingTexts(resource: object, exact: ReadonlySet<string>): string[] {
  const found: string[] = [];
  JSON.stringify(resource, (key, value: unknown) => {
    if (exact.has(key)) return undefined;
    if (typeof value === "string" && DECEIVING.test(value.replaceAll(/[\n\t]/g, "")))
      found.push(`${key}: ${JSON.stringify(value.slice(0, 200))}`);
    return value;
  });
  return found;
}
