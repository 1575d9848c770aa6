import { type Transferable, Worker } from "node:worker_threads";
import { type Clock, soon } from "@mainstay/sdk/clock";
import type { Log } from "../../telemetry/log.ts";
import { type FileFault, FileRefused } from "../refused.ts";

/**
 * A thread of our own that answers wishes; the other side is `serve.ts`.
 *
 * T1 Its first wish starts it. When it has had none for a while it is ended, and its memory given back. It
 *    keeps no process alive.
 * T2 A folder may hang for ever, on a network's file system. A wish that has no answer in time costs the
 *    thread: the one that it was at work on is `stuck`, the others are `lost` and may be asked of
 *    another one. No line of ours runs on it any more, and what it had open is closed when it has gone.
 * T3 Who was stopped by a signal, and the thread along with it, finds no wish overdue for that alone.
 */
export interface Thread<Wish, Answer> {
  /** What is in `transfer` is gone from here. @throws Unanswered, or what the other side threw */
  ask(wish: Wish, transfer?: readonly Transferable[]): Promise<Answer>;
  /** Wishes without an answer; null while there is no thread. */
  load(): number | null;
  end(): Promise<void>;
}

export interface ThreadParts {
  readonly url: URL;
  readonly name: string;
  /** For the other side. */
  readonly data: unknown;
  readonly clock: Clock;
  readonly log: Log;
  readonly answer_limit_ms: number;
  readonly idle_ms: number;
}

/** What became of a wish is not known; it comes no further than the system call that it may be in. */
export class Unanswered extends FileRefused {
  readonly why: "stuck" | "lost";
  /** The thread has gone, and that system call with it. */
  readonly gone: Promise<void>;

  constructor(why: "stuck" | "lost", gone: Promise<void>) {
    super(
      "unanswered",
      why === "stuck" ? "the folder does not answer" : "the thread that worked on it has ended",
    );
    this.name = "Unanswered";
    this.why = why;
    this.gone = gone;
  }
}

/** What goes over, and what comes back. */
export interface Asked<Wish> {
  readonly number: number;
  readonly wish: Wish;
}
export type Said<Answer> =
  | { readonly number: number; readonly answer: Answer }
  | { readonly number: number; readonly failed: Failed }
  | "idle";
export interface Failed {
  /** Null for what is no refusal. */
  readonly refused: FileFault | null;
  readonly message: string;
  readonly trace: string;
}

export interface ThreadData {
  /** The number of the wish that it is at work on, 0 while it is at none. */
  readonly at_work: Int32Array;
  readonly idle_ms: number;
  readonly data: unknown;
}

interface Running<Answer> {
  readonly worker: Worker;
  readonly at_work: Int32Array;
  readonly gone: Promise<void>;
  readonly waiting: Map<number, PromiseWithResolvers<Answer>>;
}

/** Numbers start anew past it: they must fit into `at_work`. */
const LAST_NUMBER = 2 ** 31 - 1;

export function createThread<Wish, Answer>(parts: ThreadParts): Thread<Wish, Answer> {
  const { clock, log, name } = parts;
  let running: Running<Answer> | null = null;
  let last = 0;

  async function ask(wish: Wish, transfer: readonly Transferable[] = []): Promise<Answer> {
    const on = (running ??= start());
    const number = (last = (last % LAST_NUMBER) + 1);
    const asked: Asked<Wish> = { number, wish };
    on.worker.postMessage(asked, transfer);
    const answer = Promise.withResolvers<Answer>();
    on.waiting.set(number, answer);
    const stopWaiting = afterHalves(clock, parts.answer_limit_ms, () => abandon(on, number));
    try {
      return await answer.promise;
    } finally {
      stopWaiting();
      on.waiting.delete(number);
    }
  }

  function start(): Running<Answer> {
    const at_work = new Int32Array(new SharedArrayBuffer(4));
    const workerData: ThreadData = { at_work, idle_ms: parts.idle_ms, data: parts.data };
    const worker = new Worker(parts.url, {
      ...{ name, workerData, execArgv: [] },
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    const started: Running<Answer> = { worker, at_work, gone, waiting: new Map() };
    worker.on("message", (said: Said<Answer>) => hear(started, said));
    worker.on("error", (fault) =>
      log.error({ thread: name, fault: fault.message }, "a thread broke"),
    );
    worker.once("exit", () => leave(started, null));
    worker.unref();
    return started;
  }

  function hear(from: Running<Answer>, said: Said<Answer>): void {
    if (said === "idle") return void (from.waiting.size === 0 && leave(from, null));
    const waiting = from.waiting.get(said.number);
    if ("answer" in said) waiting?.resolve(said.answer);
    else waiting?.reject(faultOf(said.failed));
  }

  /** T2. Answers that have come already are heard first. */
  function abandon(on: Running<Answer>, overdue: number): void {
    soon(() => {
      if (!on.waiting.has(overdue)) return;
      const at_work = Atomics.load(on.at_work, 0);
      const stuck = on.waiting.has(at_work) ? at_work : overdue;
      log.warn({ thread: name }, "a folder does not answer; its thread is given up");
      leave(on, stuck);
    });
  }

  function leave(left: Running<Answer>, stuck: number | null): void {
    if (running === left) running = null;
    for (const [number, waiting] of left.waiting)
      waiting.reject(new Unanswered(number === stuck ? "stuck" : "lost", left.gone));
    left.waiting.clear();
    void left.worker.terminate();
  }

  return {
    ask,
    load: () => running?.waiting.size ?? null,
    async end() {
      const ending = running;
      if (ending === null) return;
      leave(ending, null);
      await ending.gone;
    },
  };
}

function faultOf({ refused, message, trace }: Failed): Error {
  return refused === null
    ? new Error(message, { cause: trace })
    : new FileRefused(refused, message);
}

/** T3: the second half begins when the first one was seen to end. */
function afterHalves(clock: Clock, delay_ms: number, run: () => void): () => void {
  let stop = clock.after(delay_ms / 2, () => {
    stop = clock.after(delay_ms / 2, run);
  });
  return () => stop();
}
