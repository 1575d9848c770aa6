import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isKey } from "./keys.ts";

/** The key in the file; null where there is no file. @throws Error where it holds something else. */
export async function readKeyFile(path: string): Promise<string | null> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw new Error(`cannot read the owner's key in ${path}`, { cause: error });
  });
  if (text === null || isKey(text.trim())) return text?.trim() ?? null;
  throw new Error(`${path} holds no key; remove it, and the next start makes a new one`);
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
