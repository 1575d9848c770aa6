import type { Stats } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isKey } from "./keys.ts";

const FOR_OTHERS = 0o077;

/**
 * The key in the file; null where there is no file.
 * @throws Error where it holds something else, or others than its owner have a right to it.
 */
export async function readKeyFile(path: string): Promise<string | null> {
  const file = await openPresent(path);
  if (file === null) return null;
  try {
    refuseShared(path, await file.stat());
    const text = (await file.readFile("utf8")).trim();
    if (isKey(text)) return text;
  } finally {
    await file.close();
  }
  throw new Error(`${path} holds no key; remove it, and the next start makes a new one`);
}

function refuseShared(path: string, { mode }: Stats): void {
  if ((mode & FOR_OTHERS) === 0) return;
  throw new Error(
    `${path} is open to others (mode ${(mode & 0o777).toString(8)}): run \`chmod 600 ${path}\`, ` +
      "or remove it if they may have read it, and the next start makes a new one",
  );
}

async function openPresent(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(`cannot read the owner's key in ${path}`, { cause });
  }
}

/** Writes the key for its owner alone; it is whole and on disk, or not there. */
export async function writeKeyFile(path: string, key: string): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  const file = await open(fresh, "wx", 0o600);
  try {
    await file.writeFile(`${key}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
