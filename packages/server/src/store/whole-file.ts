import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a file of its owner's alone in its place: whole and on disk, or as it was before.
 *
 * @param signal until the file is in its place, leaves that as it is
 */
export async function putWhole(
  path: string,
  content: string | Buffer,
  signal?: AbortSignal,
): Promise<void> {
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  const file = await open(fresh, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  signal?.throwIfAborted();
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
