import { randomBytes } from "node:crypto";
import { lstatSync, readFileSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { allEnded } from "./all-ended.ts";
import { type Day, isDay, openDay } from "./backups/day.ts";
import { type BackupsBudget, type BackupsUsage, createPruner } from "./backups/pruner.ts";
import { sha256Of } from "./bytes.ts";
import { letGo, openFresh, synced, writeAll } from "./descriptor.ts";
import { openToRead } from "./open-file.ts";
import { isErrno } from "./refused.ts";

export type { BackupsBudget, BackupsUsage } from "./backups/pruner.ts";

/**
 * What files were before, by the hash of their content, in a folder for each day (UTC) on which it was
 * kept: outside every workspace, read by nobody but the server's own user.
 *
 * K1 What was kept durably is on the disk, and so is its name, before `keep` resolves.
 * K2 A name is given to a whole file, and what a disk makes of it later is noticed: nothing is
 *    taken for a content that does not hash to it, not even to save its second write.
 * K3 A folder is as old as the last time that anything in it was kept: what is kept again on another day
 *    is there twice, so that whole folders can go.
 * K4 Several threads may share the folder.
 */
export interface Backups {
  /**
   * `later`: only to show it some day. Nobody waits for the disk, and what it refuses is not kept.
   * @throws what the system said, for `durable`
   */
  keep(bytes: Uint8Array, sha256: string, when: "durable" | "later"): Promise<void>;
  /** Null when it is not kept any more, or not whole. */
  read(sha256: string): Buffer | null;
  usage(): Promise<BackupsUsage>;
  /** Removes what is past the budget, nothing of today and yesterday. */
  prune(): Promise<BackupsUsage>;
}

export interface BackupsParts {
  /** Absolute; made when it is first needed. */
  readonly folder: string;
  readonly clock: Clock;
  readonly budget: BackupsBudget;
}

const NAME_BYTES = 12;

export function openBackups({ folder, clock, budget }: BackupsParts): Backups {
  const pruner = createPruner(folder, clock, budget);
  const ours = randomBytes(NAME_BYTES).toString("hex");
  let fresh_files = 0;
  let today: Day | null = null;

  const dayNow = (): Day => (today = openDay(folder, clock.now(), today));

  const putFreshOn = (day: Day, path: string, bytes: Uint8Array): number =>
    putFresh(day, join(day.path, `.${ours}.${fresh_files++}`), path, bytes);

  async function keepDurably(bytes: Uint8Array, sha256: string): Promise<void> {
    const day = dayNow();
    const path = join(day.path, sha256);
    const same = openSame(path, bytes);
    if (same !== null) {
      const [is_written] = await allEnded<unknown>([isWritten(same), day.sync()]);
      if (is_written === true) return;
    }
    const fresh = putFreshOn(day, path, bytes);
    await allEnded([written(fresh, path), day.sync()]);
  }

  function keepForLater(bytes: Uint8Array, sha256: string): void {
    const day = dayNow();
    const path = join(day.path, sha256);
    letGo(openSame(path, bytes) ?? putFreshOn(day, path, bytes));
  }

  return {
    async keep(bytes, sha256, when) {
      if (when === "durable") return keepDurably(bytes, sha256);
      try {
        keepForLater(bytes, sha256);
      } catch (fault) {
        if (!isErrno(fault)) throw fault;
      }
    },
    read(sha256) {
      for (const day of daysIn(folder)) {
        const bytes = wholeAt(join(folder, day, sha256), sha256);
        if (bytes !== null) return bytes;
      }
      return null;
    },
    usage: pruner.usage,
    prune: pruner.prune,
  };
}

/** K1: what a sync has failed for is not trusted again, for the next may succeed without it. */
async function isWritten(fd: number): Promise<boolean> {
  try {
    await synced(fd);
    return true;
  } catch (fault) {
    if (!isErrno(fault)) throw fault;
    return false;
  } finally {
    letGo(fd);
  }
}

/** The same of a file that was written just now, which loses its name. */
async function written(fd: number, path: string): Promise<void> {
  try {
    await synced(fd);
  } catch (fault) {
    orNull(() => unlinkSync(path));
    throw fault;
  } finally {
    letGo(fd);
  }
}

/** K2: what is there already, if it is that very content. */
function openSame(path: string, bytes: Uint8Array): number | null {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  const fd = orNull(() => openToRead(path));
  if (fd === null) return null;
  if (orNull(() => readFileSync(fd))?.equals(bytes) === true) return fd;
  letGo(fd);
  return null;
}

function putFresh(day: Day, fresh: string, path: string, bytes: Uint8Array): number {
  const fd = openIn(day, fresh);
  try {
    writeAll(fd, bytes);
    renameSync(fresh, path);
    return fd;
  } catch (fault) {
    letGo(fd);
    orNull(() => unlinkSync(fresh));
    throw fault;
  }
}

function openIn(day: Day, path: string): number {
  try {
    return openFresh(path);
  } catch (fault) {
    if (!isErrno(fault) || fault.code !== "ENOENT") throw fault;
    day.make();
    return openFresh(path);
  }
}

function wholeAt(path: string, sha256: string): Buffer | null {
  const fd = orNull(() => openToRead(path));
  if (fd === null) return null;
  const bytes = orNull(() => readFileSync(fd));
  letGo(fd);
  return bytes !== null && sha256Of(bytes) === sha256 ? bytes : null;
}

/** The latest first. */
const daysIn = (folder: string): string[] =>
  (orNull(() => readdirSync(folder)) ?? []).filter(isDay).toSorted().toReversed();

/** Null for whatever the system refuses: what cannot be read is not kept. */
function orNull<T>(doing: () => T): T | null {
  try {
    return doing();
  } catch (fault) {
    if (!isErrno(fault)) throw fault;
    return null;
  }
}
