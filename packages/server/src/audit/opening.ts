import type { KeyObject } from "node:crypto";
import type { AuditHead, ChainHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import { BEGINNING, type Place } from "./chain-walk.ts";
import type { HeadPlace } from "./destinations.ts";
import { type Earlier, earlierAt, remedy } from "./earlier-heads.ts";
import { headOf, isSigned, publicKeyOf } from "./head.ts";
import { inTime } from "./in-time.ts";
import { lastCheckpoint, lastOnExecutor, newChainAfter } from "./trail.ts";

/** A mount that hangs must not hold up a start. */
const PLACE_MS = 2_000;

export interface OpeningParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly key: KeyObject;
  readonly places: readonly HeadPlace[];
}

/** How a start finds the trail. */
export interface Opening {
  readonly last: LastSigned;
  /** Where the executor's chain was when a head last spoke of it; null where it has begun anew since. */
  readonly executor: ChainHead | null;
  /** Why nothing of it may be signed; null where it goes on. */
  readonly fault: string | null;
  /** That it goes on over another key's checkpoints, which an operator let it do. */
  readonly anew: string | null;
}

/** What somebody last put their name to. */
export interface Signed extends Place {
  readonly n: number;
}

/** The last checkpoint, and how far it is believed. */
export interface LastSigned {
  /** At the trail's beginning where the checkpoint is not believed. */
  readonly signed: Signed;
  readonly head: AuditHead | null;
  /** What is wrong with its key; null where it is this one. */
  readonly foreign: string | null;
}

export async function openTrail(parts: OpeningParts): Promise<Opening> {
  const { store, key, places } = parts;
  const earlier = await Promise.all(places.map((place) => earlierIn(place, parts)));
  const last = await lastSigned(store, key);
  const executor = await lastSeenExecutor(store, key);
  const against = earlier.find(({ state }) => state === "against");
  if (against?.state === "against") return { last, executor, fault: against.fault, anew: null };
  return last.foreign !== null && earlier.some(({ state }) => state !== "absent")
    ? { last, executor, fault: foreignFault(last.foreign, places), anew: null }
    : { last, executor, fault: null, anew: last.foreign };
}

/** Of what does not answer, its carrier asks again before it writes. */
async function earlierIn(
  place: HeadPlace,
  { store, clock, log, key }: OpeningParts,
): Promise<Earlier | { readonly state: "unknown" }> {
  try {
    const trail = { store, public_key: publicKeyOf(key) };
    return await inTime({ clock, most_ms: PLACE_MS }, () => earlierAt(place, trail));
  } catch (fault) {
    log.error({ place: place.name, fault: messageOf(fault) }, "an earlier head cannot be read");
    return { state: "unknown" };
  }
}

export async function lastSigned(store: Store, key: KeyObject): Promise<LastSigned> {
  const [row] = await store.query(lastCheckpoint(store, {}));
  if (row === undefined) return { signed: { n: 0, ...BEGINNING }, head: null, foreign: null };
  const head = believed(row, key);
  if (head !== null) return { signed: head, head, foreign: null };
  const foreign = `checkpoint ${row.n} is signed by another audit.key`;
  return { signed: { n: row.n, ...BEGINNING }, head, foreign };
}

async function lastSeenExecutor(store: Store, key: KeyObject): Promise<ChainHead | null> {
  const [row] = await store.query(lastOnExecutor(store, {}));
  const head = row === undefined ? null : believed(row, key);
  if (head === null) return null;
  const began = await store.query(newChainAfter(store, { seq: head.seq }));
  return began.length === 0 ? head.executor : null;
}

function believed(row: Row<"audit_checkpoint">, key: KeyObject): AuditHead | null {
  const head = headOf(row, publicKeyOf(key));
  return head !== null && isSigned(head) ? head : null;
}

export const foreignFault = (foreign: string, places: readonly HeadPlace[]): string =>
  `${foreign}; ${remedy(places.map(({ name }) => name).join(" and "))}`;
