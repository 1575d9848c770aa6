import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { AuditHead } from "@mainstay/sdk/audit-trail";
import { isoTime } from "../kernel/time.ts";
import type { Row } from "../store/schema.ts";

/** What a head says, without the word of the key that says it. */
export type Unsigned = Omit<AuditHead, "format" | "public_key" | "signature">;

const FORMAT = "mainstay-audit-head-1";

/** The bytes under a head's signature; every part has one form, so that no two heads share them. */
const signedText = ({ n, seq, hash, at, executor }: Unsigned): Buffer =>
  Buffer.from([FORMAT, n, seq, hash, at, executor?.n ?? "-", executor?.hash ?? "-"].join("\n"));

export const signHead = (said: Unsigned, key: KeyObject): AuditHead => ({
  format: FORMAT,
  ...said,
  public_key: publicKeyOf(key),
  signature: sign(null, signedText(said), key).toString("base64url"),
});

/** Whether the head was signed by the key that it names. Whose key that is, is another question. */
export function isSigned(head: AuditHead): boolean {
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: head.public_key },
    format: "jwk",
  });
  return verify(null, signedText(head), key, Buffer.from(head.signature, "base64url"));
}

/** Of the pair that a private key belongs to, as heads have it. */
export const publicKeyOf = (key: KeyObject): string =>
  String(createPublicKey(key).export({ format: "jwk" }).x);

/**
 * A checkpoint of the table as the head that it was when `public_key` signed it; null where a damaged
 * row has no such shape.
 */
export function headOf(row: Row<"audit_checkpoint">, public_key: string): AuditHead | null {
  const { n, seq, hash, at, executor_n, executor_hash, signature } = row;
  const executor = executor_n === null ? null : { n: executor_n, hash: executor_hash };
  const iso = Number.isSafeInteger(at) && Math.abs(at) <= LAST_TIME_MS ? isoTime(at) : null;
  const said = { format: FORMAT, n, seq, hash, at: iso, executor, public_key, signature };
  const parsed = AuditHead.safeParse(said);
  return parsed.success ? parsed.data : null;
}

/** Of ECMAScript's dates. */
const LAST_TIME_MS = 8.64e15;
