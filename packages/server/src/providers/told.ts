const LIMIT_CHARS = 300;
/** Shorter ones are placeholders, and would black out ordinary words. */
const SECRET_LEAST_CHARS = 8;
const KEY_SHAPES = /\b(?:sk|gsk|csk|key|mst)[-_][A-Za-z0-9_-]{8,}/g;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * What a provider said of a fault, as people, journals and logs may have it: one line, bounded, and
 * without keys, for providers quote the request that they refuse.
 */
export function told(text: string, secrets: readonly string[]): string {
  const bare = secrets
    .filter((secret) => secret.length >= SECRET_LEAST_CHARS)
    .reduce((rest, secret) => rest.replaceAll(secret, "[key]"), text)
    .replace(KEY_SHAPES, "[key]")
    .replace(INVISIBLE, " ")
    .replace(/\s+/g, " ")
    .trim();
  const line = bare.length <= LIMIT_CHARS ? bare : `${bare.slice(0, LIMIT_CHARS - 1)}…`;
  return line.toWellFormed();
}
