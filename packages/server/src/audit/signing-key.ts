import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { putWhole } from "../store/whole-file.ts";

const FOR_OTHERS = 0o077;

const pathOf = (home: string): string => join(home, "audit.key");

/**
 * The key that signs checkpoints, from `MAINSTAY_HOME/audit.key` (PEM, mode 0600); made where there is
 * none.
 *
 * @throws Error where it holds something else, or others than its owner have a right to it.
 */
export async function openSigningKey(home: string): Promise<KeyObject> {
  const kept = readSigningKey(home);
  if (kept !== null) return kept;
  const { privateKey } = generateKeyPairSync("ed25519");
  await putWhole(pathOf(home), privateKey.export({ type: "pkcs8", format: "pem" }));
  return privateKey;
}

/** Null where there is none. @throws Error as `openSigningKey`. */
export function readSigningKey(home: string): KeyObject | null {
  const path = pathOf(home);
  const pem = readPrivate(path);
  if (pem === null) return null;
  const key = parsed(pem);
  if (key?.asymmetricKeyType === "ed25519") return key;
  throw new Error(`${path} holds no Ed25519 key: restore it from a backup`);
}

function readPrivate(path: string): string | null {
  const fd = openPresent(path);
  if (fd === null) return null;
  try {
    const { mode } = fstatSync(fd);
    if ((mode & FOR_OTHERS) === 0) return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
  throw new Error(`${path} is open to others: run \`chmod 600 ${path}\``);
}

function openPresent(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fault;
  }
}

function parsed(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
