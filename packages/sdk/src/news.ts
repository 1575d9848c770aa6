import type { z } from "zod";
import { parsed, ProblemError, Unreachable } from "./call.ts";
import { type StreamConnection, streamOnce } from "./event-stream.ts";
import { createPatience, isAway, type Outage } from "./outage.ts";

/**
 * A stream of news over connections that break: each connection begins with a snapshot, so nothing
 * is asked for again. Ends when the signal aborts or the reader stops. Throws `ProblemError` where
 * the server refuses for good, `Unreachable` when it gives up, `ProtocolError`.
 */
export async function* newsOf<T extends z.ZodType>(
  connection: StreamConnection,
  path: string,
  event: T,
  outage: Outage = {},
): AsyncGenerator<z.infer<T>, void, void> {
  const { signal } = outage;
  const patience = createPatience(connection, outage);
  while (!signal?.aborted) {
    let lost: Error = new Unreachable("the stream ended");
    try {
      for await (const data of streamOnce(connection, path, {}, patience, signal)) {
        patience.progressed();
        yield parsed(event, data, `an event of ${path}`);
      }
    } catch (fault) {
      if (signal?.aborted) return;
      if (!isPassing(fault)) throw fault;
      lost = fault;
    }
    await patience.wait(lost);
  }
}

function isPassing(fault: unknown): fault is Error {
  if (!(fault instanceof ProblemError)) return isAway(fault);
  return fault.problem.status === 429 || fault.problem.status >= 500;
}
