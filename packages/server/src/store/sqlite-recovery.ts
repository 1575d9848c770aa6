import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, StoreFault } from "../kernel/errors.ts";
import { type Link, openLink } from "./sqlite-link.ts";
import type { StoreFailure, WorkerSettings } from "./sqlite-wire.ts";
import { refuseFaulted, type StatusListener, type StoreStatus } from "./store.ts";

/**
 * The line to the store's worker, through faults of the disk and the worker's own death.
 *
 * R1 From the report of a fault on no commit is sent: each is refused at once, with the cause.
 * R2 Every RETRY_MS one attempt to recover, in a new worker where the old one died; the next is
 *    planned only when it has ended. `displaced` is for ever.
 * R3 Queries go to the worker whatever the status is.
 * R4 After `close` nothing is attempted and nobody hears anything.
 */
const RETRY_MS = 1_000;
/** A start waits so often for another program to let go; what is wrong with the disk it tells at once. */
const TRIES_AT_START = 10;

export interface RecoveringLink extends Pick<Link, "commit" | "query" | "close"> {
  status(): StoreStatus;
  onStatus(listener: StatusListener): () => void;
}

/** @throws StoreFault when the store takes no writes: a server starts on a sound disk only. */
export async function openRecoveringLink(
  settings: WorkerSettings,
  clock: Clock,
): Promise<RecoveringLink> {
  const listeners = new Set<StatusListener>();
  let status: StoreStatus = { state: "writing" };
  let attempt: Promise<void> = Promise.resolve();
  let cancelAttempt = () => {};
  let is_closed = false;
  let link = await openLink(settings, broke);
  await openAtStart().catch(async (fault: unknown) => {
    await link.close();
    throw fault;
  });

  async function openAtStart(tries = 1): Promise<void> {
    try {
      await link.recover();
    } catch (fault) {
      const is_held = fault instanceof StoreFault && fault.cause_kind === "held";
      if (!is_held || tries === TRIES_AT_START) throw fault;
      await clock.sleep(RETRY_MS);
      await openAtStart(tries + 1);
    }
  }

  function broke(failure: StoreFailure): void {
    if (is_closed) return;
    fault(failure);
    retryLater();
  }

  function fault({ cause_kind: cause, fault: message }: StoreFailure): void {
    const since = status.state === "faulted" ? status.since : clock.now();
    become({ state: "faulted", cause, message, since });
  }

  function become(next: StoreStatus): void {
    if (is_closed || isSame(status, next)) return;
    status = next;
    for (const listener of listeners) listener(next);
  }

  function retryLater(): void {
    cancelAttempt();
    if (is_closed || (status.state === "faulted" && status.cause === "displaced")) return;
    cancelAttempt = clock.after(RETRY_MS, () => {
      attempt = recover();
    });
  }

  async function recover(): Promise<void> {
    try {
      if (link.isDead()) link = await openLink(settings, broke);
      await link.recover();
      become({ state: "writing" });
    } catch (found) {
      const cause_kind = (found instanceof StoreFault ? found.cause_kind : null) ?? "io";
      fault({ ok: false, fault: messageOf(found), cause_kind });
      retryLater();
    }
  }

  return {
    status: () => status,
    onStatus(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    commit(request) {
      refuseFaulted(status);
      return link.commit(request);
    },
    query: (request) => link.query(request),
    async close() {
      is_closed = true;
      cancelAttempt();
      await attempt;
      await link.close();
    },
  };
}

const isSame = (a: StoreStatus, b: StoreStatus): boolean =>
  a.state === "faulted" && b.state === "faulted"
    ? a.cause === b.cause && a.message === b.message
    : a.state === b.state;
