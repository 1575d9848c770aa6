import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import { isoTime } from "../kernel/time.ts";
import type { Log } from "../telemetry/log.ts";
import { inTime } from "./in-time.ts";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;
const TRY_MS = 10_000;
const LAST_TRY_MS = 3_000;

/** Brings a head somewhere; rejects where it did not arrive, in words without a secret. */
export type Deliver = (head: AuditHead, signal: AbortSignal) => Promise<void>;

export type Carried =
  | { readonly state: "nothing_yet" }
  | { readonly state: "arrived"; readonly n: number; readonly seq: number }
  /** Since when (ISO 8601), after how many tries, and why the last one failed. */
  | {
      readonly state: "failing";
      readonly since: string;
      readonly tries: number;
      readonly why: string;
    };

/**
 * Carries heads to one place.
 *
 * 1. Only the newest head is held: it says all that those before it said.
 * 2. One try at a time, each with a deadline; after a failure it waits twice as long as before, five
 *    minutes at most, and does not give up. A try that hangs past its deadline has failed, and the next
 *    one begins nothing before it is over: an older head never comes after a newer one.
 * 3. `stop` cuts the wait and gives what has not arrived one last try; it waits for nothing that hangs.
 *    Idempotent.
 */
export interface Carrier {
  readonly to: string;
  carry(head: AuditHead): void;
  state(): Carried;
  stop(): Promise<void>;
}

export interface CarrierParts {
  /** Names the place to the operator; no secret of an address is in it. */
  readonly to: string;
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly log: Log;
}

export function createCarrier({ to, deliver, clock, log }: CarrierParts): Carrier {
  let newest: AuditHead | null = null;
  let carried: Carried = { state: "nothing_yet" };
  let carrying: Promise<void> | null = null;
  let underway: Promise<void> | null = null;
  const stopping = new AbortController();

  const isCurrent = (): boolean => carried.state === "arrived" && carried.n === newest?.n;

  async function carryOn(): Promise<void> {
    let wait_ms = FIRST_WAIT_MS;
    while (!isCurrent() && !stopping.signal.aborted) {
      if (await attempt(TRY_MS, stopping.signal)) wait_ms = FIRST_WAIT_MS;
      else {
        await clock.sleep(wait_ms, stopping.signal).catch(() => undefined);
        wait_ms = Math.min(wait_ms * 2, LONGEST_WAIT_MS);
      }
    }
    carrying = null;
  }

  async function attempt(most_ms: number, signal?: AbortSignal): Promise<boolean> {
    const head = newest!;
    try {
      await inTime({ clock, most_ms, ...(signal && { signal }) }, (cut) => deliverAlone(head, cut));
      arrived(head);
      return true;
    } catch (fault) {
      if (signal?.aborted !== true) failed(fault);
      return false;
    }
  }

  /** 2. */
  async function deliverAlone(head: AuditHead, signal: AbortSignal): Promise<void> {
    while (underway !== null) await underway;
    signal.throwIfAborted();
    const delivery = deliver(head, signal);
    underway = delivery.catch(() => undefined).then(() => void (underway = null));
    await delivery;
  }

  function arrived({ n, seq }: AuditHead): void {
    if (carried.state === "failing") log.warn({ to }, "the audit trail's head arrives again");
    carried = { state: "arrived", n, seq };
  }

  function failed(fault: unknown): void {
    const why = messageOf(fault);
    const before = carried.state === "failing" ? carried : null;
    if (before === null)
      log.error({ to, why }, "the audit trail's head does not arrive; trying again");
    const since = before?.since ?? isoTime(clock.now());
    carried = { state: "failing", since, tries: (before?.tries ?? 0) + 1, why };
  }

  return {
    to,
    carry(head) {
      newest = head;
      carrying ??= carryOn();
    },
    state: () => carried,
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort(new Error("the server is stopping"));
      await carrying;
      if (newest !== null && !isCurrent()) await attempt(LAST_TRY_MS);
    },
  };
}
