import { Worker } from "node:worker_threads";
import { messageOf, StoreFault } from "../kernel/errors.ts";
import type {
  CommitRequest,
  Failure,
  Outcome,
  QueryRequest,
  Report,
  Request,
  StoreFailure,
  WorkerSettings,
} from "./sqlite-wire.ts";
import type { Commit } from "./store.ts";

/**
 * The server's end of the line to one worker.
 *
 * K1 Every request ends once: with the worker's answer, or with StoreFault when the worker died.
 * K2 Requests leave in the order of the calls; those of one tick leave in one parcel.
 * K3 At most WAITING_LIMIT requests are unanswered; one more is refused at once with StoreFault.
 * K4 After `close` or the worker's death nothing is accepted any more.
 */
const WAITING_LIMIT = 16_384;
const PARCEL_LIMIT = 128;

export interface Link {
  commit(request: Pick<CommitRequest, "guards" | "writes">): Promise<Commit>;
  query(request: Pick<QueryRequest, "query">): Promise<readonly Record<string, unknown>[]>;
  /** Opens the connection that writes: nothing is committed before. @throws StoreFault */
  recover(): Promise<void>;
  isDead(): boolean;
  /** Resolves when everything before is answered and the worker has ended. Idempotent. */
  close(): Promise<void>;
}

type LinkState = { state: "open" } | { state: "closed" } | { state: "dead"; failure: StoreFailure };
type End = (outcome: Outcome<never>) => void;

/**
 * `onBroken` hears when the store has broken down or the worker has died.
 *
 * @throws StoreFault when the worker cannot open the file.
 */
export async function openLink(
  settings: WorkerSettings,
  onBroken: (failure: StoreFailure) => void,
): Promise<Link> {
  const worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), {
    name: "store",
    workerData: settings,
    execArgv: [],
  });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  await opened(worker);
  return linkTo(worker, ended, onBroken);
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      const why = `the store did not open: ${messageOf(cause)}`;
      reject(new StoreFault(why, { cause, cause_kind: "io" }));
    };
    worker.once("error", fail);
    worker.once("message", () => {
      worker.off("error", fail);
      resolve();
    });
  });
}

function linkTo(
  worker: Worker,
  ended: Promise<void>,
  onBroken: (failure: StoreFailure) => void,
): Link {
  const unanswered = new Map<number, End>();
  let link: LinkState = { state: "open" };
  let parcel: Request[] = [];
  let last_id = 0;

  worker.on("message", (report: Report) => {
    switch (report.kind) {
      case "open":
        return;
      case "broken":
        return onBroken(report.failure);
      case "answers":
        for (const { id, outcome } of report.answers) end(id, outcome as Outcome<never>);
    }
  });
  worker.on("error", (cause) => die(messageOf(cause)));
  worker.on("exit", () => die("it ended"));

  function end(id: number, outcome: Outcome<never>): void {
    const waiting = unanswered.get(id);
    unanswered.delete(id);
    waiting?.(outcome);
  }

  function die(cause: string): void {
    const fault = `the store's worker is gone: ${cause}`;
    const failure: StoreFailure = { ok: false, fault, cause_kind: "io" };
    if (link.state === "open") {
      link = { state: "dead", failure };
      onBroken(failure);
    }
    for (const id of unanswered.keys()) end(id, failure);
  }

  function send(request: Request): void {
    if (parcel.length === 0) queueMicrotask(flush);
    parcel.push(request);
    if (parcel.length === PARCEL_LIMIT) flush();
  }

  function flush(): void {
    if (parcel.length > 0) worker.postMessage(parcel);
    parcel = [];
  }

  function ask<Value>(request: (id: number) => Request): Promise<Value> {
    const refused = refusal(link, unanswered.size);
    if (refused !== null) return Promise.reject(refused);
    return new Promise((resolve, reject) => {
      const id = ++last_id;
      unanswered.set(id, (outcome: Outcome<Value>) =>
        outcome.ok ? resolve(outcome.value) : reject(faultOf(outcome)),
      );
      send(request(id));
    });
  }

  return {
    commit: (request) => ask((id) => ({ kind: "commit", id, ...request })),
    query: (request) => ask((id) => ({ kind: "query", id, ...request })),
    recover: () => ask((id) => ({ kind: "recover", id })),
    isDead: () => link.state === "dead",
    close() {
      if (link.state === "open") send({ kind: "close" });
      link = { state: "closed" };
      return ended;
    },
  };
}

function refusal(link: LinkState, unanswered: number): StoreFault | null {
  if (link.state === "closed") return new StoreFault("the store is closed");
  if (link.state === "dead") return faultOf(link.failure);
  if (unanswered < WAITING_LIMIT) return null;
  return new StoreFault(`the store is overloaded: ${WAITING_LIMIT} requests wait for the disk`);
}

const faultOf = ({ fault, cause_kind }: Failure): StoreFault =>
  new StoreFault(fault, { cause_kind });
