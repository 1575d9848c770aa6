/**
 * The way out of commands that were granted one.
 *
 * 1. Each command has a socket of its own, which no other sandbox can see.
 * 2. The process behind the sockets is started by the first and ends a minute after the last. When it
 *    dies, its sockets are dead: their commands go on without a network, and their ends say so.
 * 3. Neither a beginning nor an end of a command waits for it longer than a limit. One order that is
 *    late fails alone; one that is given in the silence after it, and is late too, ends the process.
 */
import { chmodSync, chownSync, closeSync, constants, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import type { HostGrant, NetworkUse } from "@mainstay/sdk/network";
import { type ProxyProcess, startProxyProcess } from "./proxy-process.ts";
import type { ProxyNews } from "./proxy-protocol.ts";

const PROXY = "the network's proxy";
const LOST = `${PROXY} ended early, and what it did last is lost`;
/** As root: nobody else's, and below the first person's. */
const PROXY_UID = 0x6fffffff;
const IDLE_MS = 60_000;
const ANSWER_LIMIT_MS = 10_000;
/** For its first: a busy host takes its time to start it. */
const START_LIMIT_MS = 30_000;

export interface Network {
  /** The folder of a workspace's sockets on the host; made. */
  folderOf(workspace_id: string): string;
  /** Rejects with the reason. */
  open(workspace_id: string, hosts: readonly HostGrant[]): Promise<WayOut>;
  /** Ends the process. */
  close(): void;
}

export interface WayOut {
  /** Of the socket, in the workspace's folder. */
  socket_name: string;
  /** Cuts all connections. Idempotent; never rejects. */
  close(): Promise<Used>;
}

export interface Used {
  uses: NetworkUse[];
  /** Why there may have been more; null where that is all. */
  doubt: string | null;
}

export interface NetworkParts {
  run_folder: string;
  node_path: string;
  is_root: boolean;
  clock: Clock;
}

interface Running {
  process: ProxyProcess;
  /** Silent: since its last word an order was late. */
  standing: "starting" | "answering" | "silent";
}

/** A socket, from its order to its end. */
interface Ordered {
  opened: PromiseWithResolvers<void>;
  closed: PromiseWithResolvers<Used>;
  /** So far. */
  uses: NetworkUse[];
}

export function openNetwork({ run_folder, node_path, is_root, clock }: NetworkParts): Network {
  const folder = join(run_folder, "net");
  rmSync(folder, { recursive: true, force: true }); // of a dead executor
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const uid = is_root ? PROXY_UID : null;
  const ordered = new Map<string, Ordered>();
  let count = 0;
  let running: Running | null = null;
  let stopIdling = () => {};

  function folderOf(workspace_id: string): string {
    const own = join(folder, workspace_id);
    mkdirSync(own, { recursive: true });
    chmodSync(own, 0o711);
    if (uid !== null) chownSync(own, uid, uid);
    return own;
  }

  function start(): Running {
    const process = startProxyProcess({
      ...{ node_path, folder: descriptor, uid, hear },
      onGone(why) {
        if (running === started) forget(why);
      },
    });
    const started: Running = { process, standing: "starting" };
    return started;
  }

  function hear(news: ProxyNews): void {
    if (running !== null) running.standing = "answering";
    const known = ordered.get(news.name);
    if (known === undefined) return;
    switch (news.state) {
      case "open":
        return known.opened.resolve();
      case "failed":
        return known.opened.reject(new Error(news.why));
      case "used":
        known.uses = news.uses;
        return;
      case "closed":
        return known.closed.resolve({ uses: news.uses, doubt: null });
    }
  }

  function forget(why: string): void {
    running = null;
    for (const { opened, closed, uses } of ordered.values()) {
      opened.reject(new Error(`${PROXY} ended: ${why}`));
      closed.resolve({ uses, doubt: LOST });
    }
  }

  /** Where there is no answer in time `giveUp` settles it. */
  async function inTime<T>(answer: Promise<T>, giveUp: (why: string) => void): Promise<T> {
    const asked = running;
    const was_silent = asked?.standing === "silent";
    const limit_ms = asked?.standing === "starting" ? START_LIMIT_MS : ANSWER_LIMIT_MS;
    const stopWaiting = clock.after(limit_ms, () => {
      const why = `no answer in ${limit_ms / 1000} s`;
      giveUp(why);
      if (asked === null || asked !== running) return;
      if (was_silent && asked.standing === "silent") endSilent(asked, why);
      else asked.standing = "silent";
    });
    return answer.finally(stopWaiting);
  }

  function endSilent({ process }: Running, why: string): void {
    process.kill();
    forget(why);
  }

  async function close(name: string, now: Ordered): Promise<Used> {
    running?.process.order({ op: "close", name });
    const used = await inTime(now.closed.promise, () =>
      now.closed.resolve({ uses: now.uses, doubt: LOST }),
    );
    ordered.delete(name);
    if (ordered.size === 0) stopIdling = clock.after(IDLE_MS, end);
    return used;
  }

  function end(): void {
    stopIdling();
    running?.process.end();
    running = null;
  }

  return {
    folderOf,
    async open(workspace_id, hosts) {
      stopIdling();
      folderOf(workspace_id);
      const socket_name = String(++count);
      const name = `${workspace_id}/${socket_name}`;
      const now: Ordered = {
        opened: Promise.withResolvers(),
        closed: Promise.withResolvers(),
        uses: [],
      };
      ordered.set(name, now);
      running ??= start();
      running.process.order({ op: "open", name, hosts: [...hosts] });
      let closing: Promise<Used> | null = null;
      const way = { socket_name, close: () => (closing ??= close(name, now)) };
      try {
        await inTime(now.opened.promise, (why) => now.opened.reject(new Error(`${PROXY}: ${why}`)));
        return way;
      } catch (error) {
        void way.close();
        throw error;
      }
    },
    close() {
      end();
      forget("the executor is going");
      closeSync(descriptor);
    },
  };
}
