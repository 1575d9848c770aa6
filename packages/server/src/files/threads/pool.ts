import type { Clock } from "@mainstay/sdk/clock";
import type { Log } from "../../telemetry/log.ts";
import type { EditPlan } from "../edit.ts";
import { FileRefused } from "../refused.ts";
import { chooseForTransaction, chooseThread, type Underway } from "./choose-thread.ts";
import type { FileThreadData, Work } from "./file-thread.ts";
import { silentFolders } from "./silent-folders.ts";
import { slotsMemory } from "./sync-slots.ts";
import { createThread, Unanswered } from "./thread.ts";
import { buffersOf } from "./transfer.ts";

/**
 * The threads in which all work on workspaces is done: the server's event loop waits for no disk.
 *
 * F1 Transactions that may meet in a file run in one thread (`choose-thread.ts`); what only looks goes
 *    where the least is to do.
 * F2 A folder that hangs costs its thread and is refused at once from there on, for a while and until the
 *    thread has gone: what was begun there cannot act any more when it is worked in again. Nobody else
 *    is held up: what shared the thread is done in another.
 * F3 `apply` is never begun twice. Whose thread was lost hears so, and settles it.
 */
export interface Pool {
  /**
   * `folder` is where the work is done. @throws FileRefused, "unanswered" for one that hangs, and when the
   * pool is closed; Unanswered by F3, and where threads end again and again
   */
  ask<Name extends keyof Work>(
    folder: string,
    name: Name,
    ...given: Parameters<Work[Name]>
  ): Promise<Done<Name>>;
  /** Resolves when transactions have come to their end, and the threads to theirs. */
  close(): Promise<void>;
}

export type Done<Name extends keyof Work> = Awaited<ReturnType<Work[Name]>>;

export interface PoolParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The threads' code: `file-thread.ts`. */
  readonly url: URL;
  readonly data: FileThreadData;
}

/** Some work, by its name in `file-thread.ts`. */
export interface Wish {
  readonly name: keyof Work;
  readonly given: readonly unknown[];
}

const THREADS = 3;
const ANSWER_LIMIT_MS = 20_000;
const IDLE_MS = 60_000;
/** Of work whose thread was lost for somebody else's sake. */
const TRIES = 3;

/** What writes to a workspace. */
const TRANSACTIONS: ReadonlySet<keyof Work> = new Set<keyof Work>(["apply", "settle"]);

export function openPool({ clock, log, url, data }: PoolParts): Pool {
  const slots = slotsMemory();
  const threads = Array.from({ length: THREADS }, (_, n) =>
    createThread<Wish, unknown>({
      ...{ url, name: `files ${n + 1}`, data, slots, clock, log },
      ...{ answer_limit_ms: ANSWER_LIMIT_MS, idle_ms: IDLE_MS },
    }),
  );
  const silent = silentFolders(clock);
  const underway = new Set<Underway & { readonly ended: Promise<void> }>();
  /** Transactions, also those that wait for their thread. */
  const taken = new Set<Promise<unknown>>();
  let is_closed = false;

  async function ask(folder: string, wish: Wish): Promise<unknown> {
    const once = TRANSACTIONS.has(wish.name) ? transact : look;
    for (let tries = 1; ; tries++) {
      if (is_closed)
        throw new FileRefused("unanswered", "the server is stopping; nothing was done");
      silent.refuse(folder);
      try {
        return await once(folder, wish);
      } catch (fault) {
        if (!(fault instanceof Unanswered)) throw fault;
        if (fault.why === "stuck") silent.add(folder, fault.gone);
        if (tries === TRIES || wish.name === "apply" || is_closed) throw fault;
      }
    }
  }

  const loads = () => threads.map((thread) => thread.load());
  const tell = (thread: number, wish: Wish) => threads[thread]!.ask(wish, handedOverIn(wish));
  const look = (_: string, wish: Wish) => tell(chooseThread(loads()), wish);

  async function transact(path: string, wish: Wish): Promise<unknown> {
    const transaction = inOneThread(path, wish);
    taken.add(transaction);
    try {
      return await transaction;
    } finally {
      taken.delete(transaction);
    }
  }

  /** F1. Between the choice and its note nothing else may be chosen. */
  async function inOneThread(path: string, wish: Wish): Promise<unknown> {
    let thread = chooseForTransaction(path, loads(), underway);
    while (thread === null) {
      await Promise.race([...underway].map(({ ended }) => ended));
      thread = chooseForTransaction(path, loads(), underway);
    }
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const transaction = { path, thread, ended };
    underway.add(transaction);
    try {
      return await tell(thread, wish);
    } finally {
      underway.delete(transaction);
      end();
    }
  }

  return {
    ask: (folder, name, ...given) => ask(folder, { name, given }) as Promise<Done<typeof name>>,
    async close() {
      is_closed = true;
      while (taken.size > 0) await Promise.allSettled(taken);
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

/** The contents of an edit; they are gone from here. */
const handedOverIn = ({ name, given: [, plan] }: Wish): ArrayBuffer[] =>
  name === "apply" ? buffersOf(plan as EditPlan) : [];
