import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Store } from "../store/store.ts";
import type { HeadPlace } from "./destinations.ts";
import { isSigned } from "./head.ts";
import { openHeadFile } from "./head-file.ts";
import { checkpointOf, rowsFrom } from "./trail.ts";

/** What lies where heads are carried to. */
export type Earlier =
  | { readonly state: "absent" }
  /** This key signed it, of this trail. */
  | { readonly state: "fits" }
  /** It must not be written over: it may be the only word of a trail that is gone. */
  | { readonly state: "against"; readonly fault: string };

export interface Trail {
  readonly store: Store;
  readonly public_key: string;
}

/** @throws the system's error, where there is a file that cannot be read */
export async function earlierAt(place: HeadPlace, trail: Trail): Promise<Earlier> {
  const there = await openHeadFile(place.path);
  if (there.state === "absent") return there;
  const fault =
    there.state === "damaged"
      ? `${place.name} holds no head of a trail`
      : await faultOf(there.head, place.name, trail);
  return fault === null
    ? { state: "fits" }
    : { state: "against", fault: `${fault}; ${remedy(place.name)}` };
}

/** What an operator can do about a head that speaks against key or trail. */
export const remedy = (names: string): string =>
  `put back from a backup what is lost, or, to begin anew, move ${names} away by hand; then restart`;

async function faultOf(head: AuditHead, name: string, trail: Trail): Promise<string | null> {
  if (head.public_key !== trail.public_key)
    return `${name} is signed by another key than audit.key`;
  if (!isSigned(head)) return `${name} is not what was signed`;
  const { n, seq, hash } = head;
  const [checkpoint] = await trail.store.query(checkpointOf(trail.store, { n }));
  const [record] = await trail.store.query(rowsFrom(trail.store, { seq, limit: 1 }));
  if (checkpoint === undefined || record === undefined)
    return (
      `it ends before ${name}, which has checkpoint ${n} and record ${seq}: rows were taken out, or ` +
      "mainstay.db is an older copy"
    );
  const stands = checkpoint.seq === seq && checkpoint.signature === head.signature;
  if (stands && record.seq === seq && record.hash === hash) return null;
  return `it is not the one whose record ${seq} ${name} has`;
}
