import { parentPort, threadId, type Transferable, workerData } from "node:worker_threads";
import { systemClock } from "@mainstay/sdk/clock";
import { messageOf, traceOf } from "../../kernel/errors.ts";
import { FileRefused } from "../refused.ts";
import { signsIn } from "./signs.ts";
import { slotsIn } from "./sync-slots.ts";
import type { Asked, Failed, Said, ThreadData } from "./thread.ts";
import { inTurns, turn } from "./turn.ts";

/** What is answered, and what of it is handed over instead of copied. */
export type Reply<Answer> = readonly [answer: Answer, transfer?: readonly Transferable[]];

/**
 * The thread's side of `thread.ts`. Wishes are taken in their order; one that waits lets the next
 * begin.
 */
export function serve<Wish, Answer>(
  open: (data: unknown) => (wish: Wish) => Reply<Answer> | Promise<Reply<Answer>>,
): void {
  if (parentPort === null) throw new Error("this file is a thread, started by thread.ts");
  const port = parentPort;
  const { idle_ms, data, ...memory } = workerData as ThreadData;
  const signs = signsIn(memory.signs);
  const slots = slotsIn(memory.slots, threadId);
  const answer = open(data);
  let taken = 0;
  let stopIdling = () => {};

  const say = (said: Said<Answer>, transfer?: readonly Transferable[]) =>
    port.postMessage(said, transfer);

  const replyTo = ({ number, wish }: Asked<Wish>): Promise<Reply<Answer>> =>
    inTurns({ number, signs, slots }, async () => {
      await turn();
      return answer(wish);
    });

  async function take(asked: Asked<Wish>): Promise<void> {
    const { number } = asked;
    stopIdling();
    taken += 1;
    try {
      const [answered, transfer] = await replyTo(asked);
      say({ number, answer: answered }, transfer);
    } catch (fault) {
      say({ number, failed: failedBy(fault) });
    }
    taken -= 1;
    if (taken === 0) stopIdling = systemClock.after(idle_ms, () => say("idle"));
  }

  port.on("message", (asked: Asked<Wish>) => void take(asked));
}

const failedBy = (fault: unknown): Failed => ({
  refused: fault instanceof FileRefused ? fault.fault : null,
  message: messageOf(fault),
  trace: traceOf(fault),
});
