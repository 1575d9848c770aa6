import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Refusal } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import { isoTime } from "../kernel/time.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import { BEGINNING, linkFault, type Place } from "./chain-walk.ts";
import { arrivalOf, type AuditSettings, carriersFor } from "./destinations.ts";
import { headOf, isSigned, publicKeyOf, signHead } from "./head.ts";
import { createExecutorFollower } from "./executor-follower.ts";
import type { ReadChain } from "./executor-record.ts";
import { readHeadFile } from "./head-file.ts";
import { openSigningKey } from "./signing-key.ts";
import { checkpointWrite, lastCheckpoint, rowsFrom } from "./trail.ts";

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
 */
export interface Notary extends Actor {
  /** The signed head of all that is on the trail now. @throws Refusal `audit_damaged` */
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
  const executor = createExecutorFollower({ chain: parts.executorChain, clock, log });
  const carriers = carriersFor(parts);
  let key: KeyObject | null = null;
  let signed: Signed = { n: 0, ...BEGINNING };
  let walked: Place = BEGINNING;
  /** A start signs at once what the last run left unsigned. */
  let signed_ms = Number.NEGATIVE_INFINITY;
  let broken: string | null = null;
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
    await believeLast();
    const noted = readHeadFile(join(home, "audit.head"));
    if (noted.state === "read") compareNoted(noted.head);
    await recordStart().catch((fault: unknown) =>
      log.error({ fault: messageOf(fault) }, "this start is not on the audit trail"),
    );
  }

  async function believeLast(): Promise<void> {
    const [row] = await store.query(lastCheckpoint(store, {}));
    if (row === undefined) return;
    const last = headOf(row, publicKeyOf(key!));
    if (last !== null && isSigned(last)) {
      signed = { n: last.n, seq: last.seq, hash: last.hash };
      executor.resume(last.executor);
    } else {
      log.error({ checkpoint: row.n }, "the last audit checkpoint is not of this audit.key");
      signed = { n: row.n, ...BEGINNING };
    }
    walked = signed;
  }

  /** The note of an earlier run, beside the data: what was signed once must still be there. */
  function compareNoted(noted: AuditHead): void {
    if (noted.public_key !== publicKeyOf(key!) || noted.n <= signed.n) return;
    breakWith(
      `it ends before audit.head, which has checkpoint ${noted.n} and record ${noted.seq}: rows ` +
        "were taken out, or mainstay.db is an older copy (then delete audit.head)",
    );
  }

  async function recordStart(): Promise<void> {
    const started = { kind: "server_started", incarnation: store.incarnation } as const;
    await store.commit({ writes: [auditWrite(store, clock.now(), started)] });
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
    signed = { n: head.n, seq, hash };
    signed_ms = clock.monotonic();
    for (const carrier of carriers) carrier.carry(head);
    return head;
  }

  /** A checkpoint of an earlier try may be found after all: then that is the last one. */
  async function keep(head: AuditHead): Promise<void> {
    const { committed } = await store.commit({ writes: [checkpointWrite(store, head)] });
    if (committed) return;
    await believeLast();
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
    return await signWalked();
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
      const places = carriers.map(arrivalOf);
      const extent = `${walked.seq} records, ${signed.seq} signed`;
      return {
        ok: places.every((place) => place.ok),
        detail: [extent, ...places.map(({ detail }) => detail)].join("; "),
      };
    },
  };
}
