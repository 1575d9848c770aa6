import { Worker } from "node:worker_threads";
import type { AuditFault } from "./trail-judge.ts";
import type { AuditVerdict } from "./verify.ts";

/**
 * Has the whole trail verified, as `mainstay audit verify` does without the executor, in a thread of its
 * own: the server's event loop and its store know nothing of it. Null where `signal` cuts it short.
 *
 * @throws Error where the thread dies of itself
 */
export function inspectTrail(home: string, signal: AbortSignal): Promise<AuditVerdict | null> {
  const worker = new Worker(new URL("./inspection-worker.ts", import.meta.url), {
    name: "audit",
    workerData: home,
    execArgv: [],
  });
  const end = (): void => void worker.terminate();
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return new Promise<AuditVerdict | null>((resolve, reject) => {
    let verdict: AuditVerdict | null = null;
    worker.once("message", (told: AuditVerdict) => (verdict = told));
    worker.once("error", reject);
    worker.once("exit", () => resolve(verdict));
  }).finally(() => signal.removeEventListener("abort", end));
}

/** A fault with the record that it is about. */
export const faultInWords = ({ seq, fault }: AuditFault): string =>
  seq === null ? fault : `record ${seq}: ${fault}`;
