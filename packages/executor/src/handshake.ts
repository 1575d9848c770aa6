/**
 * Both ends prove that they hold the link key, over nonces of both, the protocol and the epoch.
 * The two roles sign different words, so that neither end's proof can be played back to it.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface HandshakeTerms {
  protocol: number;
  epoch: number;
  executor_nonce: string;
  server_nonce: string;
}

export function newNonce(): string {
  return randomBytes(32).toString("hex");
}

export function proof(key: Uint8Array, role: "server" | "executor", terms: HandshakeTerms): string {
  const words = [role, terms.protocol, terms.epoch, terms.executor_nonce, terms.server_nonce];
  return createHmac("sha256", key).update(words.join("\n")).digest("hex");
}

/** Both are 64 hex digits, as the protocol's schemas ensure. */
export function sameProof(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(given, "hex"), Buffer.from(expected, "hex"));
}
