import { chmod, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Listener } from "./listener.ts";

/**
 * Listens on a Unix socket that its owner alone may use. It is bound under another name and renamed,
 * so that it is never open to others and takes the place of one that a crash left. The folder is
 * walked by descriptor: the kernel takes no socket path over 107 bytes.
 *
 * @returns what removes the socket's name; call it after the listener has closed
 */
export async function listenLocally(
  listener: Listener,
  path: string,
): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const folder = await open(dirname(path), "r");
  let own_ino: number;
  try {
    const bound = `/proc/self/fd/${folder.fd}/${basename(path)}`;
    const fresh = `${bound}.new`;
    await rm(fresh, { force: true });
    await listener.listen({ path: fresh });
    await chmod(fresh, 0o600);
    own_ino = (await stat(fresh)).ino;
    await rename(fresh, bound);
  } catch (error) {
    await folder.close();
    throw error;
  }
  return async () => {
    // Another server may have put its own in the place.
    const found = await stat(path).catch(() => null);
    if (found?.ino === own_ino) await rm(path, { force: true });
    await folder.close();
  };
}
