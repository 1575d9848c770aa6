import { mkdir, open, rm, stat } from "node:fs/promises";
import type { Clock } from "@mainstay/sdk/clock";
import { putWhole } from "../../store/whole-file.ts";
import { type KeptKey, keptKeysIn, readKeptKeys } from "../settings/kept-keys.ts";

/**
 * Keeps the key of a provider in `MAINSTAY_HOME/provider-keys.json`, which nobody but the server's user
 * can read. Returns the file's path.
 *
 * @throws Error, in words, where the file is not whole, somebody else is about to write it for long, or
 *   the folder is another user's
 */
export async function keepKey(
  home: string,
  uid: number,
  provider: string,
  kept: KeptKey,
  clock: Pick<Clock, "sleep">,
): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const { uid: owner } = await stat(home);
  if (owner !== uid)
    throw new Error(
      `${home} is another user's (uid ${owner}), who could not read the key: be that user`,
    );
  const path = keptKeysIn(home);
  await lock(`${path}.lock`, clock);
  try {
    const faults: string[] = [];
    const keys = { ...readKeptKeys(home, faults), [provider]: kept };
    if (faults.length > 0) throw new Error(faults.join("; "));
    await putWhole(path, `${JSON.stringify(keys, null, 2)}\n`);
  } finally {
    await rm(`${path}.lock`, { force: true });
  }
  return path;
}

const LOCK_EVERY_MS = 20;
const LOCK_TRIES = 100;

/** Two who write at once would lose the key of one: between reading and writing nobody else may. */
async function lock(path: string, clock: Pick<Clock, "sleep">): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await (await open(path, "wx", 0o600)).close();
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== "EEXIST") throw fault;
      if (tries === LOCK_TRIES)
        throw new Error(`another key is being kept; if none is, remove ${path}`, { cause: fault });
    }
    await clock.sleep(LOCK_EVERY_MS);
  }
}
