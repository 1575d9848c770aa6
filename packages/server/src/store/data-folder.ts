import { chmod, mkdir, mkdtemp, open, rmdir, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import { createPrivate, type FolderLock, lockFolder } from "./folder-lock.ts";
import { networkFileSystem } from "./network-file-system.ts";

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const WRITABLE_BY_OTHERS = 0o022;

/** The folder cannot hold the data; the message says why and what to do. */
export class DataFolderRefused extends Error {
  constructor(home: string, fault: string, fix: string, options?: ErrorOptions) {
    super(`${home} ${fault}. ${fix}`, options);
    this.name = "DataFolderRefused";
  }
}

export interface DataFolder extends FolderLock {
  /** The database: exists, and only its owner reads it. */
  readonly data_file: string;
  /** Beside it, how far the journal was acknowledged. */
  readonly head_file: string;
}

/**
 * Makes the data folder where there is none, judges it, and takes it for this process alone.
 *
 * @throws DataFolderRefused, DataFolderBusy, StoreFault
 */
export async function openDataFolder(home: string, clock: Clock): Promise<DataFolder> {
  const folder = resolve(home);
  await create(folder);
  await refuseNetwork(folder);
  await refuseOpenToOthers(folder);
  await refuseForeign(folder);
  const lock = await lockFolder(folder, clock);
  const data_file = join(folder, "mainstay.db");
  await createPrivate(data_file);
  await chmod(data_file, PRIVATE_FILE);
  await syncFolder(folder);
  return { ...lock, data_file, head_file: join(folder, "mainstay.head") };
}

async function create(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (cause) {
    throw new DataFolderRefused(
      folder,
      `cannot be made (${messageOf(cause)})`,
      "Set MAINSTAY_HOME to a folder that you may create",
      { cause },
    );
  }
}

/**
 * Makes the folder and the parents it lacks, each on disk before anything in it is promised (J1).
 * Not `mkdir({ recursive: true })`: that spins for ever where a file system takes no new folders.
 */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, PRIVATE_FOLDER);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(folder) === folder) throw fault;
    await makeFolder(dirname(folder));
    await mkdir(folder, PRIVATE_FOLDER);
  }
  await syncFolder(dirname(folder));
}

async function refuseNetwork(folder: string): Promise<void> {
  const kind = networkFileSystem((await statfs(folder)).type);
  if (kind === null) return;
  throw new DataFolderRefused(
    folder,
    `lies on a network file system (${kind}), where locks and fsync cannot be trusted`,
    "Set MAINSTAY_HOME to a folder on a local disk",
  );
}

async function refuseOpenToOthers(folder: string): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & WRITABLE_BY_OTHERS) === 0) return;
  throw new DataFolderRefused(
    folder,
    "can be written by other users of this machine",
    `Run: chmod go-w ${folder}`,
  );
}

/** A probe is written and its owner compared: no guess about who this process is can be wrong. */
async function refuseForeign(folder: string): Promise<void> {
  const probe = await mkdtemp(join(folder, ".probe-")).catch((cause) => {
    throw new DataFolderRefused(
      folder,
      `cannot be written (${messageOf(cause)})`,
      "Free some space, give the folder to the user that runs Mainstay, or set MAINSTAY_HOME",
      { cause },
    );
  });
  const own_uid = (await stat(probe)).uid;
  await rmdir(probe);
  const { uid } = await stat(folder);
  if (uid === own_uid) return;
  throw new DataFolderRefused(
    folder,
    `belongs to uid ${uid}, but Mainstay runs as uid ${own_uid}`,
    "Run it as the owner of the folder, or set MAINSTAY_HOME to a folder of your own",
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
