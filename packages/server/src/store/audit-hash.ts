import { hash } from "node:crypto";

/** What the first record follows. */
export const NO_RECORD_HASH = "0".repeat(64);

/**
 * The link of the chain: SHA-256 (hex) over the hash before it and all that the record says, its place
 * and time included. A change, a gap or another order breaks every link after it.
 *
 * @param at wall time in milliseconds
 * @param body JSON of the record
 */
export const auditHash = (previous: string, seq: number, at: number, body: string): string =>
  hash("sha256", `${previous}\n${seq}\n${at}\n${body}`, "hex");
