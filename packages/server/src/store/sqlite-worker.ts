import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { messageOf } from "../kernel/errors.ts";
import { openReader, openWriter } from "./sqlite-connection.ts";
import { groupWriter } from "./sqlite-group.ts";
import { preparedStatements } from "./sqlite-statements.ts";
import type { Answer, CommitRequest, QueryRequest, Report, Request } from "./sqlite-wire.ts";

/**
 * The store's worker thread: waits for the disk, so that the server's event loop never does.
 *
 * W1 Whatever waits when it looks is one group, up to GROUP_LIMIT; the rest is the next group.
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

port.on("message", (first: Request) => {
  const group = [first, ...waiting(GROUP_LIMIT - 1)];
  const answers = [
    ...write(group.filter((request) => request.kind === "commit")),
    ...group.filter((request) => request.kind === "query").map(read),
  ];
  report({ kind: "answers", answers });
  if (group.some((request) => request.kind === "close")) close();
});
report({ kind: "open" });

function waiting(limit: number): Request[] {
  const requests: Request[] = [];
  while (requests.length < limit) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) break;
    requests.push(received.message);
  }
  return requests;
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
