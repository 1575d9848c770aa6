import { Worker } from "node:worker_threads";
import { messageOf, StoreFault } from "../kernel/errors.ts";
import type { CommitRequest, Outcome, QueryRequest, Report, Request } from "./sqlite-wire.ts";
import type { Commit } from "./store.ts";

/**
 * The server's end of the line to the worker.
 *
 * K1 Every request ends once: with the worker's answer, or with StoreFault when the worker died.
 * K2 Requests leave in the order of the calls.
 * K3 At most WAITING_LIMIT requests are unanswered; one more is refused at once with StoreFault.
 * K4 After `close` or the worker's death nothing is accepted any more.
 */
const WAITING_LIMIT = 16_384;

export interface Link {
  commit(request: Pick<CommitRequest, "guards" | "writes">): Promise<Commit>;
  query(request: Pick<QueryRequest, "query">): Promise<readonly Record<string, unknown>[]>;
  /** Resolves when everything before is answered and the worker has ended. Idempotent. */
  close(): Promise<void>;
}

type LinkState = { state: "open" } | { state: "closing" } | { state: "dead"; fault: StoreFault };
type Settle = (outcome: Outcome<never>) => void;

/** @throws StoreFault when the worker cannot open the file. */
export async function openLink(file: string): Promise<Link> {
  const worker = new Worker(new URL("./sqlite-worker.ts", import.meta.url), {
    name: "store",
    workerData: { file },
    execArgv: [],
  });
  const waiting = new Map<number, Settle>();
  let link: LinkState = { state: "open" };
  let last_id = 0;

  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  worker.on("message", (report: Report) => {
    if (report.kind === "open") return opened.resolve();
    for (const { id, outcome } of report.answers) settle(id, outcome as Outcome<never>);
  });
  worker.on("error", (cause) => die(messageOf(cause)));
  worker.on("exit", () => {
    die("it ended");
    ended.resolve();
  });

  function settle(id: number, outcome: Outcome<never>): void {
    const end = waiting.get(id);
    waiting.delete(id);
    end?.(outcome);
  }

  function die(cause: string): void {
    if (link.state === "dead") return;
    const fault = new StoreFault(`the store's worker is gone: ${cause}`);
    link = { state: "dead", fault };
    opened.reject(fault);
    for (const id of waiting.keys()) settle(id, { ok: false, fault: fault.message });
  }

  function refusal(): StoreFault | null {
    if (link.state === "dead") return link.fault;
    if (link.state === "closing") return new StoreFault("the store is closed");
    if (waiting.size < WAITING_LIMIT) return null;
    return new StoreFault(`the store is overloaded: ${WAITING_LIMIT} requests wait for the disk`);
  }

  function ask<Value>(make: (id: number) => Request): Promise<Value> {
    return new Promise((resolve, reject) => {
      const refused = refusal();
      if (refused) return reject(refused);
      const id = ++last_id;
      worker.postMessage(make(id));
      waiting.set(id, (outcome: Outcome<Value>) =>
        outcome.ok ? resolve(outcome.value) : reject(new StoreFault(outcome.fault)),
      );
    });
  }

  await opened.promise;
  return {
    commit: (request) => ask((id) => ({ kind: "commit", id, ...request })),
    query: (request) => ask((id) => ({ kind: "query", id, ...request })),
    close() {
      if (link.state === "open") {
        worker.postMessage({ kind: "close" } satisfies Request);
        link = { state: "closing" };
      }
      return ended.promise;
    },
  };
}
