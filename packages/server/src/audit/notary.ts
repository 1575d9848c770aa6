import type { KeyObject } from "node:crypto";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Refusal } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import { isoTime } from "../kernel/time.ts";
import { auditWrite } from "../store/audit-log.ts";
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
import { earlierAt } from "./earlier-heads.ts";
import { publicKeyOf, signHead } from "./head.ts";
import { createExecutorFollower } from "./executor-follower.ts";
import type { ReadChain } from "./executor-record.ts";
import { faultInWords, inspectTrail } from "./inspection.ts";
import { foreignFault, lastSigned, openTrail, type Signed } from "./opening.ts";
import { openSigningKey } from "./signing-key.ts";
import { checkpointWrite, rowsFrom } from "./trail.ts";
import type { AuditVerdict } from "./verify.ts";

const LOOK_EVERY_MS = 5_000;
const SIGN_EVERY_MS = 60_000;
const SIGN_EVERY_RECORDS = 1_000;
const SLICE = 1_000;

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
 * 5. What was signed before a start is read once more after it, from the first record on, before anything
 *    is signed. Where that is not what was written it breaks, and commands go on: the trail still takes
 *    records, and to stop all work for an old bit would hand a switch to whoever can flip one. Nothing
 *    runs only where a record cannot be written.
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
  /** What is wrong with what is on the trail, for whoever reads it; null where nothing is known. */
  damage(): string | null;
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
  /** What is wrong beside the records: checkpoints that are gone, or another key's. */
  let suspect: string | null = null;
  const stopping = new AbortController();
  /** It stopped before the trail was read: the next start signs. */
  let cut_short = false;
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
    const found = await openTrail({ store, clock, log, key, places });
    last = found.last.head;
    signed = found.last.signed;
    walked = signed;
    anew = found.anew;
    executor.resume(found.executor);
    if (found.fault !== null) breakWith(found.fault);
    await record({ kind: "server_started", incarnation: store.incarnation }).catch(
      (fault: unknown) =>
        log.error({ fault: messageOf(fault) }, "this start is not on the audit trail"),
    );
  }

  /** 5. What is not signed yet is walked anyway. */
  async function inspect(): Promise<void> {
    if (broken !== null || signed.seq === 0) return;
    try {
      const verdict = await inspectTrail(home, stopping.signal);
      if (verdict === null) cut_short = true;
      else judge(verdict);
    } catch (fault) {
      suspect = `it could not be read from its beginning: ${messageOf(fault)}`;
      log.error({ fault: messageOf(fault) }, "the audit trail could not be checked");
    }
  }

  function judge({ records, faults: [first] }: AuditVerdict): void {
    if (first === undefined)
      return log.info({ records }, "the audit trail is what was written, from its first record on");
    const told = `${faultInWords(first)}; see mainstay audit verify`;
    if (first.seq !== null) return breakWith(told);
    suspect = told;
    log.error({ fault: told }, "the checkpoints of the audit trail are not what they should be");
  }

  /** 4. */
  async function admit(place: HeadPlace): Promise<void> {
    const there = await earlierAt(place, { store, public_key: publicKeyOf(key!) });
    if (there.state !== "against") return;
    if (broken === null) breakWith(there.fault);
    throw new Error(there.fault);
  }

  const record = (said: AuditRecord): Promise<unknown> =>
    store.commit({ writes: [auditWrite(store, clock.now(), said)] });

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
    const found = await lastSigned(store, key!);
    last = found.head;
    signed = found.signed;
    walked = signed;
    if (found.foreign !== null) breakWith(foreignFault(found.foreign, places));
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
    if (key === null || cut_short) return;
    await walk();
    if (broken === null && walked.seq > signed.seq) await sign();
  }

  return {
    async start() {
      if (live) return;
      live = true;
      await inTurn(open);
      void inTurn(inspect);
      next();
    },
    head: () => inTurn(sign),
    async stop() {
      live = false;
      cancelLook();
      stopping.abort();
      await inTurn(signLast).catch((fault: unknown) =>
        log.error({ fault: messageOf(fault) }, "the end of the audit trail is not signed"),
      );
      await Promise.all(carriers.map((carrier) => carrier.stop()));
    },
    check() {
      if (broken !== null) return { ok: false, detail: broken };
      const arrivals = carriers.map(arrivalOf);
      const doubts = [anew, suspect].filter((doubt) => doubt !== null);
      const extent = `${walked.seq} records, ${signed.seq} signed`;
      return {
        ok: doubts.length === 0 && arrivals.every((place) => place.ok),
        detail: [extent, ...doubts, ...arrivals.map(({ detail }) => detail)].join("; "),
      };
    },
    damage: () => broken ?? suspect ?? anew,
  };
}
