import { type Transferable, Worker } from "node:worker_threads";
import { type Clock, soon } from "@mainstay/sdk/clock";
import type { Log } from "../../telemetry/log.ts";
import { type FileFault, FileRefused } from "../refused.ts";
import { type SignsMemory, signsMemory, type Watch, watchOn } from "./signs.ts";
import { freeAllOf, type SlotsMemory } from "./sync-slots.ts";

/**
 * A thread of our own that answers wishes; the other side is `serve.ts`.
 *
 * T1 Its first wish starts it. When it has had none for a while it is ended, and its memory given back. It
 *    keeps no process alive.
 * T2 A folder may hang for ever, on a network's file system. A wish that gives neither answer nor sign of life
 *    in time costs the thread: it is `stuck`, the others are `lost` and may be asked of another one. Who
 *    is lost is in no system call and comes to none: nobody has a turn any more, and who had one
 *    has ended it. What the thread had open is closed when it has gone.
 * T3 Who was stopped by a signal, and the thread along with it, finds no wish overdue for that alone.
 * T4 Nobody is stuck because another one holds the thread: it is waited for, until that one is overdue itself.
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
  /** Shared by all threads of the process whose work is synced. */
  readonly slots: SlotsMemory;
  /** Without a sign of life. */
  readonly answer_limit_ms: number;
  readonly idle_ms: number;
}

/** `lost` for another wish's sake; `ended`, because the thread broke or is not wanted any more. */
export type WhyUnanswered = "stuck" | "lost" | "ended";

const WHY: Readonly<Record<WhyUnanswered, string>> = {
  stuck: "the folder does not answer",
  lost: "another folder did not answer",
  ended: "the thread that worked on it has ended",
};

/** What became of a wish is not known; it comes no further than the system call that it may be in. */
export class Unanswered extends FileRefused {
  readonly why: WhyUnanswered;
  /** The thread has gone, and that system call with it. */
  readonly gone: Promise<void>;

  constructor(why: WhyUnanswered, gone: Promise<void>) {
    super("unanswered", WHY[why]);
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
  readonly signs: SignsMemory;
  readonly slots: SlotsMemory;
  readonly idle_ms: number;
  readonly data: unknown;
}

interface Running<Answer> {
  readonly worker: Worker;
  readonly watch: Watch;
  readonly gone: Promise<void>;
  readonly waiting: Map<number, PromiseWithResolvers<Answer>>;
  /** Of these, the ones for whose sake it is given up. */
  readonly stuck: Set<number>;
}

/** Numbers start anew past it: they must fit into 32 bits. */
const LAST_NUMBER = 2 ** 31 - 1;
/** Of the time without a sign of life. */
const PARTS = 4;
/** In which who was kept from its turn has it. */
const GRACE_MS = 1_000;

export function createThread<Wish, Answer>(parts: ThreadParts): Thread<Wish, Answer> {
  const { clock, log, name } = parts;
  let running: Running<Answer> | null = null;
  let last = 0;

  async function ask(wish: Wish, transfer: readonly Transferable[] = []): Promise<Answer> {
    const on = (running ??= start());
    const number = (last = (last % LAST_NUMBER) + 1);
    const sign = () => on.watch.signOf(number);
    const stopWaiting = whenQuiet(clock, parts.answer_limit_ms, sign, () => overdue(on, number));
    const asked: Asked<Wish> = { number, wish };
    on.worker.postMessage(asked, transfer);
    const answer = Promise.withResolvers<Answer>();
    on.waiting.set(number, answer);
    try {
      return await answer.promise;
    } finally {
      stopWaiting();
      on.waiting.delete(number);
    }
  }

  function start(): Running<Answer> {
    const signs = signsMemory();
    const { idle_ms, data, slots } = parts;
    const workerData: ThreadData = { signs, slots, idle_ms, data };
    const worker = new Worker(parts.url, {
      ...{ name, workerData, execArgv: [] },
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    const watch = watchOn(signs);
    const started: Running<Answer> = { worker, watch, gone, waiting: new Map(), stuck: new Set() };
    const { threadId: id } = worker;
    void gone.then(() => freeAllOf(slots, id));
    worker.on("message", (said: Said<Answer>) => hear(started, said));
    worker.on("error", (fault) =>
      log.error({ thread: name, fault: fault.message }, "a thread broke"),
    );
    worker.once("exit", () => leave(started, "ended"));
    worker.unref();
    return started;
  }

  function hear(from: Running<Answer>, said: Said<Answer>): void {
    if (said === "idle") return void (from.waiting.size === 0 && leave(from, "ended"));
    const waiting = from.waiting.get(said.number);
    if ("answer" in said) waiting?.resolve(said.answer);
    else waiting?.reject(faultOf(said.failed));
  }

  /** Answers that have come already are heard first. T4: who had no turn for another's sake gets it now. */
  async function overdue(on: Running<Answer>, number: number): Promise<void> {
    await new Promise<void>(soon);
    if (!on.waiting.has(number)) return;
    const at_work = on.watch.atWork();
    if (at_work === number || !on.waiting.has(at_work)) return giveUp(on, number);
    const sign = on.watch.signOf(number);
    await on.watch.hasLeft(at_work);
    clock.after(GRACE_MS, () => {
      if (on.waiting.has(number) && on.watch.signOf(number) === sign) void giveUp(on, number);
    });
  }

  /** T2. Who is at work and does not end its turn either is overdue in its time, and given up, too. */
  async function giveUp(on: Running<Answer>, stuck: number): Promise<void> {
    if (running === on) running = null;
    on.stuck.add(stuck);
    on.watch.stop();
    const at_work = on.watch.atWork();
    if (at_work !== 0 && !on.stuck.has(at_work)) await on.watch.hasLeft(at_work);
    if (on.waiting.size === 0) return;
    log.warn({ thread: name }, "a folder does not answer; its thread is given up");
    leave(on, "lost");
  }

  function leave(left: Running<Answer>, why: "lost" | "ended"): void {
    if (running === left) running = null;
    for (const [number, waiting] of left.waiting)
      waiting.reject(new Unanswered(left.stuck.has(number) ? "stuck" : why, left.gone));
    left.waiting.clear();
    void left.worker.terminate();
  }

  return {
    ask,
    load: () => running?.waiting.size ?? null,
    async end() {
      const ending = running;
      if (ending === null) return;
      leave(ending, "ended");
      await ending.gone;
    },
  };
}

function faultOf({ refused, message, trace }: Failed): Error {
  return refused === null
    ? new Error(message, { cause: trace })
    : new FileRefused(refused, message);
}

/** T3: each part begins when the one before was seen to end. */
function whenQuiet(
  clock: Clock,
  limit_ms: number,
  sign: () => number,
  run: () => Promise<void>,
): () => void {
  let last = sign();
  let quiet_parts = 0;
  let stop = clock.after(limit_ms / PARTS, look);
  function look(): void {
    const now = sign();
    quiet_parts = now === last ? quiet_parts + 1 : 0;
    last = now;
    if (quiet_parts === PARTS) return void run();
    stop = clock.after(limit_ms / PARTS, look);
  }
  return () => stop();
}
