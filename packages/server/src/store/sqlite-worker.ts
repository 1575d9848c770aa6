import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { openReader } from "./sqlite-connection.ts";
import { failureOf } from "./sqlite-fault.ts";
import { preparedStatements } from "./sqlite-statements.ts";
import type {
  Answer,
  CommitRequest,
  Parcel,
  QueryRequest,
  RecoverRequest,
  Report,
  Request,
  WorkerSettings,
} from "./sqlite-wire.ts";
import { createWriter } from "./sqlite-writer.ts";

/**
 * The store's worker thread: waits for the disk, so that the server's event loop never does.
 *
 * W1 The parcels that wait when it looks are one group, which takes no more when it has
 *    GROUP_LIMIT requests; the rest is the next group.
 * W2 The batches of a group are written in the order of the calls, then its reads run. A read thus
 *    sees every commit that was called before it, in this group or an earlier one.
 * W3 `close` is the last request; it takes effect when all before it are answered.
 * W4 Reads need nothing of the connection that writes, whatever has become of it.
 */
const GROUP_LIMIT = 256;

if (parentPort === null) throw new Error("this file is the store's worker, started by sqlite.ts");
const port = parentPort;
const settings = workerData as WorkerSettings;
const reader = openReader(settings.data_file);
const reads = preparedStatements(reader);
const writer = createWriter(settings, (found) => report({ kind: "broken", failure: found }));

port.on("message", (first: Parcel) => {
  const group = collect(first);
  const answers = [
    ...write(group.filter((request) => request.kind === "commit")),
    ...group.filter((request) => request.kind === "query").map(read),
    ...group.filter((request) => request.kind === "recover").map(recover),
  ];
  report({ kind: "answers", answers });
  if (group.some((request) => request.kind === "close")) close();
  else writer.checkpoint();
});
report({ kind: "open" });

function collect(first: Parcel): Request[] {
  const group = [...first];
  while (group.length < GROUP_LIMIT) {
    const next = receiveMessageOnPort(port);
    if (next === undefined) break;
    group.push(...(next.message as Parcel));
  }
  return group;
}

function write(requests: readonly CommitRequest[]): Answer[] {
  if (requests.length === 0) return [];
  const outcomes = writer.write(requests);
  return requests.map(({ id }, index) => ({ id, outcome: outcomes[index]! }));
}

function read({ id, query }: QueryRequest): Answer {
  try {
    return { id, outcome: { ok: true, value: reads.all(query) } };
  } catch (fault) {
    return { id, outcome: failureOf(fault) };
  }
}

function recover({ id }: RecoverRequest): Answer {
  try {
    writer.recover();
    return { id, outcome: { ok: true, value: [] } };
  } catch (fault) {
    return { id, outcome: failureOf(fault) };
  }
}

function report(message: Report): void {
  port.postMessage(message);
}

function close(): void {
  reader.close();
  writer.close();
  port.close();
}
