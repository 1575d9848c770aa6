import { CHAIN_PAGE_LIMIT, type ChainRecord } from "@mainstay/executor/chain-record";
import { ExecutorGone } from "@mainstay/executor/errors";
import type { ExecutorLink } from "@mainstay/executor/launch";
import type { Clock } from "@mainstay/sdk/clock";
import { Stopping } from "../kernel/errors.ts";
import type { StopMode } from "../kernel/stop-wishes.ts";
import { unlessAborted } from "./abort.ts";

/** Longer than commands take to die; shorter than `mainstay stop` and a supervisor wait. */
const END_MS = 25_000;

/** Opens a link to an executor and tells what it waits for; assemble binds it to the data folder. */
export type OpenLink = (
  onWaiting: (why: string) => void,
  signal: AbortSignal,
) => Promise<ExecutorLink>;

type Registration = Parameters<ExecutorLink["registerWorkspace"]>[0];
/** Those that one command needs. */
export interface CommandFolders {
  readonly workspace: Registration;
  readonly openings: readonly Registration[];
}
type OutputListener = Parameters<ExecutorLink["onOutput"]>[0];

/**
 * Keeps one link to an executor, and opens a new one after a loss.
 *
 * 1. Callers that come while a link is being opened share it, and hear what it waits for.
 * 2. A workspace is registered once a link, before its first command; so is a folder that is opened.
 * 3. `stop` aborts `stopping` first: who waits on a link lets go before the link does, so that what
 *    the executor's end makes of a command is told by the next start alone.
 * 4. A link that has dropped may be long in closing, and is shared until then: who hears of the drop
 *    waits for the close before asking again.
 */
export interface ExecutorKeeper {
  readonly stopping: AbortSignal;
  /** `onWaiting` hears null when a wait of which it heard is over. @throws Stopping */
  link(onWaiting: WaitListener): Promise<ExecutorLink>;
  register(folders: CommandFolders, onWaiting: WaitListener): Promise<ExecutorLink>;
  /** Null while there is none. */
  linked(): ExecutorLink | null;
  /** What the linked executor has on disk; null while there is none. */
  usage(): Promise<ExecutorUsage | null>;
  /** A page of the linked executor's chain, after a number; null while there is none. */
  chain(after: number): Promise<ChainRecord[] | null>;
  /** @throws Error where the executor does not end in time; the link is given up then. */
  stop(how: StopMode): Promise<void>;
}

export type ExecutorUsage = Awaited<ReturnType<ExecutorLink["usage"]>>;
export type WaitListener = (why: string | null) => void;

export interface KeeperParts {
  readonly open: OpenLink;
  /** Ends an executor that an earlier server left and to which there is no link. */
  readonly endUnheld: () => Promise<unknown>;
  readonly onOutput: OutputListener;
  readonly clock: Clock;
}

export function createExecutorKeeper(parts: KeeperParts): ExecutorKeeper {
  const { open, endUnheld, onOutput, clock } = parts;
  let current: Promise<ExecutorLink> | null = null;
  let linked: ExecutorLink | null = null;
  let waits_for: string | null = null;
  const waiting = new Set<WaitListener>();
  const stopping = new AbortController();
  const registered = new WeakMap<ExecutorLink, Set<string>>();

  async function openLink(): Promise<ExecutorLink> {
    try {
      const link = await open(tellWaiting, stopping.signal);
      registered.set(link, new Set());
      linked = link;
      link.onOutput(onOutput);
      return link;
    } finally {
      if (waits_for !== null) tellWaiting(null);
    }
  }

  function tellWaiting(why: string | null): void {
    waits_for = why;
    for (const listener of waiting) listener(why);
  }

  function forget(lost: Promise<ExecutorLink>): void {
    if (current !== lost) return;
    current = null;
    linked = null;
  }

  function shared(): Promise<ExecutorLink> {
    stopping.signal.throwIfAborted();
    if (current !== null) return current;
    const opening = openLink();
    current = opening;
    opening.then(
      (opened) => opened.closed.then(() => forget(opening)),
      () => forget(opening),
    );
    return opening;
  }

  async function link(onWaiting: WaitListener): Promise<ExecutorLink> {
    const opening = shared();
    if (waits_for !== null) onWaiting(waits_for);
    waiting.add(onWaiting);
    try {
      return await unlessAborted(opening, stopping.signal);
    } finally {
      waiting.delete(onWaiting);
    }
  }

  async function once(
    to: ExecutorLink,
    as: "workspace" | "opening",
    folder: Registration,
  ): Promise<void> {
    const known = registered.get(to);
    const name = `${as} ${JSON.stringify(folder)}`;
    if (known?.has(name)) return;
    const asked = as === "workspace" ? to.registerWorkspace(folder) : to.registerOpening(folder);
    await whileLinked(to, asked);
    known?.add(name);
  }

  async function end(held: ExecutorLink): Promise<void> {
    const late = Promise.withResolvers<"late">();
    const stopTimer = clock.after(END_MS, () => late.resolve("late"));
    const ended = await Promise.race([held.close(), late.promise]).finally(stopTimer);
    if (ended !== "late") return;
    await held.leave();
    const fix = `kill -9 ${held.pid} ends it and its commands`;
    throw new Error(`the executor has not ended after ${END_MS / 1000} s: ${fix}`);
  }

  return {
    stopping: stopping.signal,
    link,
    async register({ workspace, openings }, onWaiting) {
      const opened = await link(onWaiting);
      await once(opened, "workspace", workspace);
      for (const folder of openings) await once(opened, "opening", folder);
      return opened;
    },
    linked: () => linked,
    chain: async (after) => (linked === null ? null : linked.chain(after, CHAIN_PAGE_LIMIT)),
    usage: async () => (linked === null ? null : linked.usage()),
    async stop(how) {
      stopping.abort(new Stopping());
      const opened = await current?.catch(() => null);
      if (how === "leave") await opened?.leave();
      else if (opened) await end(opened);
      else await endUnheld();
    },
  };
}

/** What `work` over the link comes to. Where that has dropped, rejects once it is closed (4). */
export async function whileLinked<T>(link: ExecutorLink, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (fault) {
    if (fault instanceof ExecutorGone) await link.leave();
    throw fault;
  }
}
