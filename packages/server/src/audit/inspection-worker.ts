import { parentPort, workerData } from "node:worker_threads";
import { verifyAudit } from "./verify.ts";

/** A thread that reads one trail, tells its verdict and ends. */
if (parentPort === null) throw new Error("this file is a thread, started by inspection.ts");
parentPort.postMessage(
  await verifyAudit({ home: String(workerData), head: null, executor: async () => null }),
);
