/**
 * How a link begins. This file is the envelope of the protocol and never changes, so that executors
 * and servers of any two protocols understand each other this far: who the other is, and an order to
 * go. Everything behind it is `protocol.ts` and has a number.
 *
 * Both ends prove that they hold the link key, over nonces of both, the claim's protocol, epoch and
 * purpose. The two roles sign different words, so that neither end's proof can be played back to it.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";

export const HANDSHAKE_MS = 5_000;

const digits = z.string().regex(/^[0-9a-f]{64}$/);

/** Executor → server, first line. Protocols before 3 had neither `build` nor `purpose`. */
export const Hello = z.object({
  protocol: z.int(),
  nonce: digits,
  pid: z.int(),
  build: z.string().max(128).default(""),
});

/**
 * `hold`: the link, for a server of the same protocol. Of any protocol: `retire`, begin nothing any
 * more, finish what runs, then go; `end`, kill what runs and go.
 */
export const Purpose = z.enum(["hold", "retire", "end"]);
export type Purpose = z.infer<typeof Purpose>;

/** Server → executor, second line. */
export const Claim = z.object({
  protocol: z.int(),
  nonce: digits,
  epoch: z.int().min(0),
  purpose: Purpose,
  mac: digits,
});
export type Claim = z.infer<typeof Claim>;

export const Refusal = z.enum(["bad_mac", "protocol", "stale_epoch", "stopping"]);
export type Refusal = z.infer<typeof Refusal>;

/** Executor → server, third line. `running` counts the commands that have not ended. */
export const Welcome = z.union([
  z.object({ mac: digits, running: z.int().min(0) }),
  z.object({ refused: Refusal, running: z.int().min(0).default(0) }),
]);
export type Welcome = z.infer<typeof Welcome>;

export interface Terms extends Omit<Claim, "nonce" | "mac"> {
  executor_nonce: string;
  server_nonce: string;
}

export function newNonce(): string {
  return randomBytes(32).toString("hex");
}

export function proof(key: Uint8Array, role: "server" | "executor", terms: Terms): string {
  const { protocol, epoch, purpose, executor_nonce, server_nonce } = terms;
  const words = [role, protocol, epoch, purpose, executor_nonce, server_nonce];
  return createHmac("sha256", key).update(words.join("\n")).digest("hex");
}

/** Both are 64 hex digits, as the schemas ensure. */
export function sameProof(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(given, "hex"), Buffer.from(expected, "hex"));
}
