import { mkdir, stat } from "node:fs/promises";
import { putWhole } from "../../store/whole-file.ts";
import { keptKeysIn, readKeptKeys } from "../settings/kept-keys.ts";

/**
 * Keeps the key of a provider in `MAINSTAY_HOME/provider-keys.json`, which nobody but the server's user
 * can read. Null takes it away. Returns the file's path.
 *
 * @throws Error, in words, where the file is not whole or the folder is another user's
 */
export async function keepKey(
  home: string,
  uid: number,
  provider: string,
  api_key: string | null,
): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const { uid: owner } = await stat(home);
  if (owner !== uid)
    throw new Error(
      `${home} is another user's (uid ${owner}), who could not read the key: be that user`,
    );
  const faults: string[] = [];
  const { [provider]: _, ...others } = readKeptKeys(home, faults);
  if (faults.length > 0) throw new Error(faults.join("; "));
  const keys = api_key === null ? others : { ...others, [provider]: api_key };
  await putWhole(keptKeysIn(home), `${JSON.stringify(keys, null, 2)}\n`);
  return keptKeysIn(home);
}
