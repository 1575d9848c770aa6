import { existsSync } from "node:fs";
import { join } from "node:path";
import { OUTPUT_LIMIT_BYTES, outputBytes, spoolBytes } from "@mainstay/executor/disk-usage";
import { SPOOL_LIMIT_BYTES } from "@mainstay/executor/protocol";
import { systemClock } from "@mainstay/sdk/clock";
import type { Config } from "../config.ts";
import { openBackups } from "../files/files.ts";
import { createDiskSpace, diskCheck } from "../health/health.ts";
import { messageOf } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { DataDamaged } from "../store/data-damaged.ts";
import { type DataSurvey, surveyData } from "../store/data-survey.ts";
import type { DoctorCheck } from "./doctor.ts";

const MB = 1_048_576;
const NAMED = 5;

/** What is not read from the files of the data folder. */
export interface DataSources {
  /** What a running server says that the spool takes: nobody else can read it then. */
  readonly spool_told: string | null;
  readonly disk: ReturnType<typeof createDiskSpace>;
}

/** What the data takes of what it may take, and whether all of it can be believed. */
export async function dataChecks(
  config: Config,
  {
    spool_told = null,
    disk = createDiskSpace(config.home, limits.disk_reserve_bytes),
  }: Partial<DataSources> = {},
): Promise<DoctorCheck[]> {
  if (!existsSync(join(config.home, "mainstay.db"))) return [];
  const kept = [spool(config, spool_told), output(config), await backups(config)];
  return [...journals(config), ...kept, diskRoom(disk)];
}

const check = (
  name: string,
  ok: boolean,
  detail: string,
  fix: string | null = null,
): DoctorCheck => ({ area: "data folder", name, ok, detail, fix });

function journals({ home, retention }: Config): DoctorCheck[] {
  const fix = "restore a backup of mainstay.db, and keep this copy: its other journals can be read";
  try {
    const found = surveyData(join(home, "mainstay.db"), join(home, "mainstay.head"));
    if (found === null)
      return [check("journals", true, "of another version: a server must start on them first")];
    const is_over = found.used_bytes > retention.journal_bytes;
    return [
      check(
        "journals",
        !is_over,
        `turns: ${found.turns}, open: ${found.open_turns}; ` +
          `${spent(found.used_bytes, retention.journal_bytes)}`,
        is_over ? "raise retention.journal_bytes: above it new turns are refused" : null,
      ),
      damage(found, fix),
      edits(found),
    ];
  } catch (fault) {
    // It says what to do, as a start does.
    if (fault instanceof DataDamaged) return [check("damage", false, fault.message)];
    return [check("damage", false, `mainstay.db cannot be read: ${messageOf(fault)}`, fix)];
  }
}

function damage({ damaged_turns, faults }: DataSurvey, fix: string): DoctorCheck {
  if (damaged_turns.length + faults.length === 0)
    return check("damage", true, "none: every journal proves itself");
  const named = [...damaged_turns.map((id) => `the journal of ${id}`), ...faults];
  return check("damage", false, some(named), fix);
}

function edits({ torn_edits }: DataSurvey): DoctorCheck {
  if (torn_edits.length === 0) return check("edits", true, "each is whole or not at all");
  const fix = "see `mainstay edits ID`; a running server tries every minute to make them whole";
  return check("edits", false, `torn: ${some(torn_edits)}`, fix);
}

const some = (named: readonly string[]): string =>
  named.slice(0, NAMED).join(", ") +
  (named.length > NAMED ? `, and ${named.length - NAMED} more` : "");

function spool({ home }: Config, told: string | null): DoctorCheck {
  try {
    const used_bytes = spoolBytes(home);
    if (used_bytes !== null) return check("spool", true, spent(used_bytes, SPOOL_LIMIT_BYTES));
    return check("spool", true, told ?? "in use by an executor, and no server answers for it");
  } catch (fault) {
    const fix = "the executor's next start takes what is readable, and tells what is not";
    return check("spool", false, messageOf(fault), fix);
  }
}

function output({ home }: Config): DoctorCheck {
  return check(
    "output",
    true,
    `of commands, kept: ${spent(outputBytes(home), OUTPUT_LIMIT_BYTES)}`,
  );
}

async function backups({ home, backups: budget }: Config): Promise<DoctorCheck> {
  const folder = join(home, "backups");
  try {
    const { used_bytes, limit_bytes, kept_since } = await openBackups({
      ...{ folder, budget, clock: systemClock },
    }).usage();
    const since = kept_since === null ? "" : `, since ${kept_since}`;
    return check("backups", true, `of edited files: ${spent(used_bytes, limit_bytes)}${since}`);
  } catch (fault) {
    const fix = `make ${folder} a folder that the server's user can use: until then edits are refused`;
    return check("backups", false, messageOf(fault), fix);
  }
}

function diskRoom(disk: DataSources["disk"]): DoctorCheck {
  const { name, ok, detail } = diskCheck(disk.state());
  return check(name, ok, detail, ok ? null : "make room on the disk of MAINSTAY_HOME");
}

const spent = (used_bytes: number, limit_bytes: number): string =>
  `${megabytes(used_bytes)} of ${megabytes(limit_bytes)}`;

const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
