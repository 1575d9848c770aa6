import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ProviderId } from "./entry.ts";

/** One that `mainstay provider set` took in. */
const KeptKey = z.strictObject({
  api_key: z.string().min(1),
  /** Where alone it may go; null: the provider's own address. */
  origin: z.string().nullable(),
});
export type KeptKey = Readonly<z.infer<typeof KeptKey>>;

/** By provider. */
const KeptKeys = z.record(ProviderId, KeptKey);
export type KeptKeys = Readonly<z.infer<typeof KeptKeys>>;

export const KEPT_KEYS_FILE = "provider-keys.json";

export const keptKeysIn = (home: string): string => join(home, KEPT_KEYS_FILE);

/** Reads them; what is wrong is added to `faults`, without a word of what is in it. */
export function readKeptKeys(home: string, faults: string[]): KeptKeys {
  const path = keptKeysIn(home);
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      faults.push(`${path} can be read by others: chmod 600 '${path}', and give out new keys`);
    return KeptKeys.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined)
      faults.push(`${path} is not as mainstay provider set writes it: mend or remove it`);
    else if (code !== "ENOENT") faults.push(`${path} cannot be read: ${code}`);
    return {};
  }
}
