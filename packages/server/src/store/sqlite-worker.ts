import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { messageOf } from "../kernel/errors.ts";
import { openReader, openWriter } from "./sqlite-connection.ts";
import { groupWriter } from "./sqlite-group.ts";
import { preparedStatements } from "./sqlite-statements.ts";
import type {
  Answer,
  CommitRequest,
  Parcel,
  QueryRequest,
  Report,
  Request,
} from "./sqlite-wire.ts";

/**
 * The store's worker thread: waits for the disk, so that the server's event loop never does.
 *
 * W1 The parcels that wait when it looks are one group, which takes no more when it has
 *    GROUP_LIMIT requests; the rest is the next group.
 * W2 The batches of a group are written in the order of the calls, then its reads run. A read thus
 *    sees every commit that was called before it, in this group or an earlier one.
 * W3 `close` is the last request; it takes effect when all before it are answered.
 */
const GROUP_LIMIT = 256;

if (parentPort === null) throw new Error("this file is the store's worker, started by sqlite.ts");
const port = parentPort;
const { file } = workerData as { file: string };
const writer = openWriter(file);
const reader = openReader(file);
const writeGroup = groupWriter(writer);
const reads = preparedStatements(reader);

port.on("message", (first: Parcel) => {
  const group = collect(first);
  const answers = [
    ...write(group.filter((request) => request.kind === "commit")),
    ...group.filter((request) => request.kind === "query").map(read),
  ];
  report({ kind: "answers", answers });
  if (group.some((request) => request.kind === "close")) close();
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
  const outcomes = writeGroup(requests);
  return requests.map(({ id }, index) => ({ id, outcome: outcomes[index]! }));
}

function read({ id, query }: QueryRequest): Answer {
  try {
    return { id, outcome: { ok: true, value: reads.all(query) } };
  } catch (fault) {
    return { id, outcome: { ok: false, fault: messageOf(fault) } };
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
