import type { KeyObject } from "node:crypto";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Refusal } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import { isoTime } from "../kernel/time.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import { BEGINNING, linkFault, type Place } from "./chain-walk.ts";
import {
  arrivalOf,
  type AuditSettings,
  carriersFor,
  type HeadPlace,
  headPlaces,
} from "./destinations.ts";
import { type Earlier, earlierAt, remedy } from "./earlier-heads.ts";
import { headOf, isSigned, publicKeyOf, signHead } from "./head.ts";
import { createExecutorFollower } from "./executor-follower.ts";
import type { ReadChain } from "./executor-record.ts";
import { inTime } from "./in-time.ts";
import { openSigningKey } from "./signing-key.ts";
import {
  checkpointWrite,
  lastCheckpoint,
  lastOnExecutor,
  newChainAfter,
  rowsFrom,
} from "./trail.ts";

const LOOK_EVERY_MS = 5_000;
const SIGN_EVERY_MS = 60_000;
const SIGN_EVERY_RECORDS = 1_000;
const SLICE = 1_000;
/** A mount that hangs must not hold up a start. */
const PLACE_MS = 2_000;

/**
 * Signs how far the trail went, and has that carried off the machine.
 *
 * 1. It signs only what it has walked just then, link by link, from the last checkpoint that it believes:
 *    a trail that was changed is not made good by its signature. It then signs nothing any more, and says
 *    so. What is not signed yet it looks at every five seconds: records are not cut off unseen.
 * 2. A head is carried away only when its checkpoint is on disk.
 * 3. One look, signature or question at a time.
 * 4. Never does a head go over one that another key signed, or that this trail does not have: that may be
 *    all that is left of a trail. It breaks then, and an operator who begins anew moves it away by hand.
 */
export interface Notary extends Actor {
  /**
   * The signed head of all that is on the trail now; the last one where nothing was added since.
   *
   * @throws Refusal `audit_damaged`
   */
  head(): Promise<AuditHead>;
  /** Whether the trail stands and its heads arrive where they should. */
  check(): { readonly ok: boolean; readonly detail: string };
}

export interface NotaryParts {
  readonly store: Store;
  readonly home: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: AuditSettings;
  /** The executor's own chain. */
  readonly executorChain: ReadChain;
}

/** What it last put its name to. */
interface Signed extends Place {
  readonly n: number;
}

export function createNotary(parts: NotaryParts): Notary {
  const { store, home, clock, log } = parts;
  const executor = createExecutorFollower({
    ...{ chain: parts.executorChain, clock, log },
    recordNewChain: ({ n, hash }) =>
      record({ kind: "executor_chain_began", before_n: n, before_hash: hash }),
  });
  const places = headPlaces(home, parts.settings);
  const carriers = carriersFor({ ...parts, admit });
  let key: KeyObject | null = null;
  let signed: Signed = { n: 0, ...BEGINNING };
  let last: AuditHead | null = null;
  let walked: Place = BEGINNING;
  /** A start signs at once what the last run left unsigned. */
  let signed_ms = Number.NEGATIVE_INFINITY;
  let broken: string | null = null;
  /** That it goes on over another key's checkpoints, which an operator let it do. */
  let anew: string | null = null;
  let live = false;
  let cancelLook = () => {};
  let busy: Promise<unknown> = Promise.resolve();

  /** 3. */
  function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = busy.then(work);
    busy = done.catch(() => undefined);
    return done;
  }

  async function open(): Promise<void> {
    key = await openSigningKey(home);
    const earlier = await Promise.all(places.map(earlierIn));
    const against = earlier.find(({ state }) => state === "against");
    const foreign = await believeLast();
    await resumeExecutor();
    if (against?.state === "against") breakWith(against.fault);
    else if (foreign !== null && earlier.some(({ state }) => state !== "absent"))
      breakForeign(foreign);
    else anew = foreign;
    await record({ kind: "server_started", incarnation: store.incarnation }).catch(
      (fault: unknown) =>
        log.error({ fault: messageOf(fault) }, "this start is not on the audit trail"),
    );
  }

  /** Of what does not answer, its carrier asks again before it writes. */
  async function earlierIn(place: HeadPlace): Promise<Earlier | { readonly state: "unknown" }> {
    try {
      return await inTime({ clock, most_ms: PLACE_MS }, () => earlier(place));
    } catch (fault) {
      log.error({ place: place.name, fault: messageOf(fault) }, "an earlier head cannot be read");
      return { state: "unknown" };
    }
  }

  const earlier = (place: HeadPlace): Promise<Earlier> =>
    earlierAt(place, { store, public_key: publicKeyOf(key!) });

  /** 4. */
  async function admit(place: HeadPlace): Promise<void> {
    const there = await earlier(place);
    if (there.state !== "against") return;
    if (broken === null) breakWith(there.fault);
    throw new Error(there.fault);
  }

  /** What is wrong with the key of the last checkpoint; null where it is this one. */
  async function believeLast(): Promise<string | null> {
    const [row] = await store.query(lastCheckpoint(store, {}));
    if (row === undefined) return null;
    last = believed(row);
    signed = last ?? { n: row.n, ...BEGINNING };
    walked = signed;
    return last === null ? `checkpoint ${row.n} is signed by another audit.key` : null;
  }

  function believed(row: Row<"audit_checkpoint">): AuditHead | null {
    const head = headOf(row, publicKeyOf(key!));
    return head !== null && isSigned(head) ? head : null;
  }

  async function resumeExecutor(): Promise<void> {
    const [row] = await store.query(lastOnExecutor(store, {}));
    const head = row === undefined ? null : believed(row);
    if (head === null) return;
    const began = await store.query(newChainAfter(store, { seq: head.seq }));
    if (began.length === 0) executor.resume(head.executor);
  }

  const record = (said: AuditRecord): Promise<unknown> =>
    store.commit({ writes: [auditWrite(store, clock.now(), said)] });

  function breakForeign(fault: string): void {
    breakWith(`${fault}; ${remedy(places.map(({ name }) => name).join(" and "))}`);
  }

  function breakWith(fault: string): void {
    broken = fault;
    log.error({ fault }, "the audit trail is damaged; nothing of it is signed any more");
  }

  /** 1. */
  async function walk(): Promise<void> {
    while (broken === null) {
      const rows = await store.query(rowsFrom(store, { seq: walked.seq, limit: SLICE }));
      const known = walked.seq === 0 ? null : rows.shift();
      if (known !== null && known?.hash !== walked.hash)
        return breakWith(`record ${walked.seq} is not what it was`);
      for (const row of rows) {
        const fault = linkFault(walked, row);
        if (fault !== null) return breakWith(`record ${walked.seq + 1}: ${fault}`);
        walked = row;
      }
      if (rows.length < SLICE - 1) return;
    }
  }

  function isDue(): boolean {
    const news = walked.seq - signed.seq;
    return (
      news >= SIGN_EVERY_RECORDS || (news > 0 && clock.monotonic() - signed_ms >= SIGN_EVERY_MS)
    );
  }

  async function signWalked(): Promise<AuditHead> {
    const { seq, hash } = walked;
    const head = signHead(
      {
        ...{ n: signed.n + 1, seq, hash, at: isoTime(clock.now()) },
        executor: await executor.head(),
      },
      key!,
    );
    await keep(head);
    signed = head;
    last = head;
    signed_ms = clock.monotonic();
    for (const carrier of carriers) carrier.carry(head);
    return head;
  }

  /** A checkpoint of an earlier try may be found after all: then that is the last one. */
  async function keep(head: AuditHead): Promise<void> {
    const { committed } = await store.commit({ writes: [checkpointWrite(store, head)] });
    if (committed) return;
    const foreign = await believeLast();
    if (foreign !== null) breakForeign(foreign);
    throw new Error(`there is a checkpoint ${head.n} already`);
  }

  async function look(): Promise<void> {
    try {
      await walk();
      if (broken === null && isDue()) await sign();
    } catch (fault) {
      log.error({ fault: messageOf(fault) }, "the audit trail was not signed; trying again");
    }
    if (live) cancelLook = clock.after(LOOK_EVERY_MS, next);
  }

  function next(): void {
    void inTurn(look);
  }

  async function sign(): Promise<AuditHead> {
    walked = signed;
    await walk();
    if (broken !== null) throw new Refusal("audit_damaged", `The audit trail: ${broken}.`);
    return last !== null && walked.seq === last.seq ? last : await signWalked();
  }

  async function signLast(): Promise<void> {
    if (key === null) return;
    await walk();
    if (broken === null && walked.seq > signed.seq) await sign();
  }

  return {
    async start() {
      if (live) return;
      live = true;
      await inTurn(open);
      next();
    },
    head: () => inTurn(sign),
    async stop() {
      live = false;
      cancelLook();
      await inTurn(signLast).catch((fault: unknown) =>
        log.error({ fault: messageOf(fault) }, "the end of the audit trail is not signed"),
      );
      await Promise.all(carriers.map((carrier) => carrier.stop()));
    },
    check() {
      if (broken !== null) return { ok: false, detail: broken };
      const arrivals = carriers.map(arrivalOf);
      const extent = `${walked.seq} records, ${signed.seq} signed`;
      return {
        ok: anew === null && arrivals.every((place) => place.ok),
        detail: [
          extent,
          ...(anew === null ? [] : [anew]),
          ...arrivals.map(({ detail }) => detail),
        ].join("; "),
      };
    },
  };
}
