import { open, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "@mainstay/sdk/clock";
import { StoreFault } from "../kernel/errors.ts";
import { describeFault, isBusy } from "./sqlite-fault.ts";

/**
 * L1 One process at a time holds a data folder: an exclusive lock of SQLite on `lock.db`, which the
 *    kernel takes back when the process dies, however it dies.
 * L2 Nothing else in this process may open and close `lock.db`: closing any descriptor of a file
 *    drops the process's locks on it. Hence it is created exclusively, and only SQLite reads it.
 * L3 The incarnation is raised in the transaction that takes the lock, so two runs never share one.
 */
const LOCK_FILE = "lock.db";
const PID_FILE = "lock.pid";
/** Two that start at once may both see the other's half of the lock; one of them wins within this. */
const SETTLE_MS = 250;

export interface FolderLock {
  /** Larger than at every earlier lock of this folder. */
  readonly incarnation: number;
  /** Idempotent. */
  release(): void;
}

/** Another server works on this data folder. */
export class DataFolderBusy extends Error {
  readonly pid: number | null;

  constructor(home: string, holder: Holder | null) {
    super(`${home} is in use by ${holder === null ? ANOTHER : adviceOn(holder)}`);
    this.name = "DataFolderBusy";
    this.pid = holder?.pid ?? null;
  }
}

interface Holder {
  readonly pid: number;
  /** By SIGSTOP or Ctrl-Z: it holds the folder and cannot be asked to end. */
  readonly is_stopped: boolean;
}

const OWN_FOLDER = "or give this one a folder of its own with MAINSTAY_HOME";
const ANOTHER = `another server. Stop it first (\`mainstay stop\`), ${OWN_FOLDER}`;

const adviceOn = ({ pid, is_stopped }: Holder): string =>
  is_stopped
    ? `the server with pid ${pid}, which is stopped. Let it go on (kill -CONT ${pid}) or end it ` +
      `(kill -KILL ${pid}: nothing accepted is lost), ${OWN_FOLDER}`
    : `the server with pid ${pid}. Stop it first (\`mainstay stop\`), ${OWN_FOLDER}`;

/** @throws DataFolderBusy, naming the process that holds it; StoreFault when the disk refuses. */
export async function lockFolder(home: string, clock: Clock): Promise<FolderLock> {
  const file = join(home, LOCK_FILE);
  await createPrivate(file);
  const db = new DatabaseSync(file, { timeout: SETTLE_MS });
  try {
    const incarnation = takeAndRaise(db, clock);
    await writeFile(join(home, PID_FILE), `${await ownPid()}\n`, { mode: 0o600 });
    return { incarnation, release: () => db.isOpen && db.close() };
  } catch (cause) {
    db.close();
    if (isBusy(cause)) throw new DataFolderBusy(home, await holderOf(home));
    throw new StoreFault(`cannot take the lock ${file}: ${describeFault(cause)}`, { cause });
  }
}

/** Makes an empty file that only its owner reads, unless there is one. Never opens what exists (L2). */
export async function createPrivate(file: string): Promise<void> {
  try {
    await (await open(file, "wx", 0o600)).close();
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== "EEXIST") throw fault;
  }
}

/**
 * The wall clock is the floor, so that the number rises even where `lock.db` was deleted or the
 * folder came back from a backup.
 */
function takeAndRaise(db: DatabaseSync, clock: Clock): number {
  db.exec("pragma locking_mode = exclusive; pragma synchronous = extra; begin exclusive");
  db.exec("create table if not exists run (one integer primary key, incarnation integer) strict");
  const raised = db
    .prepare(
      `insert into run values (1, ?) on conflict (one) do update
       set incarnation = max(incarnation + 1, excluded.incarnation) returning incarnation`,
    )
    .get(Math.floor(clock.now() / 1000));
  db.exec("commit");
  return Number(raised?.["incarnation"]);
}

async function holderOf(home: string): Promise<Holder | null> {
  const text = await readFile(join(home, PID_FILE), "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  if (Number.isNaN(pid)) return null;
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return { pid, is_stopped: /^State:\s+T/m.test(status) };
}

const ownPid = (): Promise<string> => readlink("/proc/self");
