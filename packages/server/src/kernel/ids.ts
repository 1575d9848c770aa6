import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_BYTES = 16;

/** `prefix_` and 16 characters of Crockford base 32: 80 random bits, opaque, never authority. */
export type NewId = (
  prefix: "turn" | "ses" | "ws" | "usr" | "key" | "apr" | "cmd" | "edit" | "rule" | "ovr",
) => string;

export const newId: NewId = (prefix) => `${prefix}_${randomWord()}`;

function randomWord(): string {
  let word = "";
  for (const byte of randomBytes(RANDOM_BYTES)) word += ALPHABET[byte & 31];
  return word;
}
