/**
 * The way out of commands that were granted one.
 *
 * 1. Each command has a socket of its own, which no other sandbox can see.
 * 2. The process behind the sockets is started by the first and ends a minute after the last. When it
 *    dies, its sockets are dead: their commands go on without a network, and their ends say so.
 * 3. It answers in time or is killed; neither a beginning nor an end of a command waits for it longer.
 */
import { chmodSync, chownSync, closeSync, constants, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import type { HostGrant, NetworkUse } from "@mainstay/sdk/network";
import { type ProxyProcess, startProxyProcess } from "./proxy-process.ts";
import type { ProxyNews } from "./proxy-protocol.ts";

/** As root: nobody else's, and below the first person's. */
const PROXY_UID = 0x6fffffff;
const IDLE_MS = 60_000;
const ANSWER_LIMIT_MS = 10_000;

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
  let running: ProxyProcess | null = null;
  let stopIdling = () => {};

  function folderOf(workspace_id: string): string {
    const own = join(folder, workspace_id);
    mkdirSync(own, { recursive: true });
    chmodSync(own, 0o711);
    if (uid !== null) chownSync(own, uid, uid);
    return own;
  }

  function start(): ProxyProcess {
    const process = startProxyProcess({
      ...{ node_path, folder: descriptor, uid, hear },
      onGone(why) {
        if (running === process) forget(why);
      },
    });
    return process;
  }

  function hear(news: ProxyNews): void {
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
      opened.reject(new Error(`the network's proxy ended: ${why}`));
      closed.resolve({
        uses,
        doubt: "the network's proxy ended early, and what it did last is lost",
      });
    }
  }

  async function inTime<T>(answer: Promise<T>): Promise<T> {
    const stopWaiting = clock.after(ANSWER_LIMIT_MS, () => {
      running?.kill();
      forget(`no answer in ${ANSWER_LIMIT_MS / 1000} s`);
    });
    return answer.finally(stopWaiting);
  }

  async function close(name: string, { closed }: Ordered): Promise<Used> {
    running?.order({ op: "close", name });
    const used = await inTime(closed.promise);
    ordered.delete(name);
    if (ordered.size === 0) stopIdling = clock.after(IDLE_MS, end);
    return used;
  }

  function end(): void {
    stopIdling();
    running?.end();
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
      running.order({ op: "open", name, hosts: [...hosts] });
      let closing: Promise<Used> | null = null;
      const way = { socket_name, close: () => (closing ??= close(name, now)) };
      await inTime(now.opened.promise).catch(async (error) => {
        await way.close();
        throw error;
      });
      return way;
    },
    close() {
      end();
      forget("the executor is going");
      closeSync(descriptor);
    },
  };
}
