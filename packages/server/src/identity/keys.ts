import { createHash, randomBytes } from "node:crypto";

const PREFIX_BYTES = 4;
const SECRET_BYTES = 32;
const KEY = /^mst_[0-9a-f]{8}_[\w-]{43}$/;
const BEARER = /^bearer +(\S+)$/i;
/** Longer headers hold no key of ours. */
const HEADER_CHARS = 200;

/** `mst_<8 hex digits to tell keys apart>_<256 random bits in base64url>`. */
export function newKey(): string {
  const prefix = randomBytes(PREFIX_BYTES).toString("hex");
  return `mst_${prefix}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
}

export const isKey = (text: string): boolean => KEY.test(text);

/** SHA-256, hex: all that is kept of a key. It needs no salt, for the key is random. */
export const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex");

/** The key of an `Authorization: Bearer` header; null where there is none in its form. */
export function keyOf(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.length > HEADER_CHARS) return null;
  const key = BEARER.exec(authorization)?.[1];
  return key !== undefined && isKey(key) ? key : null;
}
