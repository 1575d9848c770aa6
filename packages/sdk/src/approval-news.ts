import { parsed, ProblemError, Unreachable } from "./call.ts";
import { ApprovalNews } from "./consent.ts";
import { type StreamConnection, streamOnce } from "./event-stream.ts";
import { createPatience, isAway, type Outage } from "./outage.ts";

/**
 * What waits for the person's word, and what becomes of it, over connections that break: a snapshot
 * at the start and after every break, changes between. Ends when the signal aborts. Throws
 * `ProblemError` where the server refuses for good, `Unreachable` when it gives up, `ProtocolError`.
 */
export async function* approvalNews(
  connection: StreamConnection,
  outage: Outage = {},
): AsyncGenerator<ApprovalNews, void, void> {
  const { signal } = outage;
  const patience = createPatience(connection, outage);
  while (!signal?.aborted) {
    let lost: Error = new Unreachable("the stream ended");
    try {
      for await (const data of streamOnce(connection, PATH, {}, patience, signal)) {
        patience.progressed();
        yield parsed(ApprovalNews, data, "news of an approval");
      }
    } catch (fault) {
      if (signal?.aborted) return;
      if (!isPassing(fault)) throw fault;
      lost = fault;
    }
    await patience.wait(lost);
  }
}

const PATH = "/v1/approvals/events";

function isPassing(fault: unknown): fault is Error {
  if (!(fault instanceof ProblemError)) return isAway(fault);
  return fault.problem.status === 429 || fault.problem.status >= 500;
}
