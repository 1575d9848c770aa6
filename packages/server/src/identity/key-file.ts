import type { Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { putWhole } from "../store/whole-file.ts";
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
export const writeKeyFile = (path: string, key: string): Promise<void> =>
  putWhole(path, `${key}\n`);
