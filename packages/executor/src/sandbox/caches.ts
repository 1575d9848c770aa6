/**
 * What commands of one workspace leave for the next: packages that npm, pip, cargo and go have
 * fetched. On disk at `home/cache/WORKSPACE`, at ~/.cache inside; never another workspace's, never the
 * real one.
 *
 * 1. Commands write there, so nothing of ours opens or follows anything in it.
 * 2. One that has grown too large is thrown away as a whole, and only while no command of its
 *    workspace runs. The next command gets another folder, with another inode.
 * 3. What is thrown away lies outside of every sandbox when it is removed.
 */
import { randomBytes } from "node:crypto";
import {
  type BigIntStats,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { runTool } from "./system-tool.ts";

const CACHE_LIMIT_BYTES = 4 * 2 ** 30;
/** All of it is read to be measured, so that is done seldom. */
const MEASURED_EVERY_MS = 10 * 60_000;
const UNUSED_LIMIT_MS = 30 * 86_400_000;
const TRASH = ".trash";

export interface CacheFolder {
  path: string;
  /** Device, inode and birth: the inode of what is gone is soon another's. */
  identity: string;
}

export interface Caches {
  pathOf(workspace_id: string): string;
  /** The workspace's, made if absent; one of another owner is thrown away first. */
  folder(workspace_id: string, owner: Owner): CacheFolder;
  /** A command of the workspace begins; the function returned says, once, that it has ended. */
  enter(workspace_id: string): () => void;
  /** At once, where nothing is in it and no command runs. */
  removeEmpty(workspace_id: string): void;
  /** Resolves when nothing is being measured or removed any more. */
  idle(): Promise<void>;
  /** Breaks off what can be done at the next start; resolves when that is so. */
  close(): Promise<void>;
}

interface Owner {
  uid: number;
  gid: number;
}

export interface CacheSettings {
  home: string;
  clock: Clock;
  log(text: string): void;
  limit_bytes?: number;
}

export function openCaches(settings: CacheSettings): Caches {
  const { home, clock, log, limit_bytes = CACHE_LIMIT_BYTES } = settings;
  const base = join(home, "cache");
  const trash = join(base, TRASH);
  const running = new Map<string, number>();
  const measured_ms = new Map<string, number>();
  const closing = new AbortController();
  let work = Promise.resolve();
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(base).filter(isUnused)) discard(name);
  queue(emptyTrash);

  function isUnused(name: string): boolean {
    const age_ms = clock.now() - lstatSync(join(base, name)).mtimeMs;
    return name !== TRASH && age_ms > UNUSED_LIMIT_MS;
  }

  const pathOf = (workspace_id: string) => join(base, workspace_id);

  function folder(workspace_id: string, owner: Owner): CacheFolder {
    const path = pathOf(workspace_id);
    const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    const is_owners = there !== undefined && Number(there.uid) === owner.uid;
    if (there !== undefined && !is_owners) {
      discard(workspace_id);
      queue(emptyTrash);
    }
    const found = is_owners ? there : make(path, owner);
    const now_s = clock.now() / 1000;
    utimesSync(path, now_s, now_s);
    return { path, identity: identityOf(found) };
  }

  function make(path: string, { uid, gid }: Owner): BigIntStats {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (lstatSync(path).uid !== uid) chownSync(path, uid, gid);
    return lstatSync(path, { bigint: true });
  }

  /** One that a command closed to itself cannot be moved by an ordinary user. */
  function discard(name: string): void {
    const path = join(base, name);
    chmodSync(path, 0o700);
    renameSync(path, join(trash, randomBytes(12).toString("hex")));
  }

  function enter(workspace_id: string): () => void {
    running.set(workspace_id, (running.get(workspace_id) ?? 0) + 1);
    return () => {
      const left = running.get(workspace_id)! - 1;
      if (left > 0) return void running.set(workspace_id, left);
      running.delete(workspace_id);
      if (isDue(workspace_id)) queue(() => prune(workspace_id));
    };
  }

  function isDue(workspace_id: string): boolean {
    const last_ms = measured_ms.get(workspace_id);
    return last_ms === undefined || clock.monotonic() - last_ms >= MEASURED_EVERY_MS;
  }

  /** One after another; what cannot be done is told, and tried again at the next occasion. */
  function queue(task: () => Promise<void>): void {
    work = work.then(task).catch((error: unknown) => {
      if (!closing.signal.aborted) log(`caches: ${(error as Error).message}`);
    });
  }

  async function prune(workspace_id: string): Promise<void> {
    if (!isDue(workspace_id)) return; // many commands may have ended since it was queued
    const bytes = await measure(join(base, workspace_id));
    if (bytes > limit_bytes && running.has(workspace_id)) return; // at the next end, then
    measured_ms.set(workspace_id, clock.monotonic());
    if (bytes <= limit_bytes) return;
    discard(workspace_id);
    log(`caches: that of workspace ${workspace_id} had ${bytes} bytes and was emptied`);
    await emptyTrash();
  }

  function removeEmpty(workspace_id: string): void {
    const path = join(base, workspace_id);
    if (running.has(workspace_id) || !existsSync(path)) return;
    if (readdirSync(path).length === 0) rmdirSync(path);
  }

  /** One that cannot be measured is too large: a command could have closed a folder to hide what is in it. */
  async function measure(path: string): Promise<number> {
    const command = ["-n", "19", "du", "-sx", "-B1", "--", path];
    try {
      return Number.parseInt(await runTool("nice", command, closing.signal));
    } catch (error) {
      closing.signal.throwIfAborted();
      if (!existsSync(path)) return 0;
      if (!/permission denied/i.test((error as Error).message)) throw error;
      return Infinity;
    }
  }

  async function emptyTrash(): Promise<void> {
    const all = readdirSync(trash).map((name) => join(trash, name));
    if (all.length === 0) return;
    // What a command closed to itself stays closed to an ordinary user.
    await runTool("chmod", ["-R", "u+rwX", "--", ...all], closing.signal).catch(() => {});
    await runTool("rm", ["-rf", "--one-file-system", "--", ...all], closing.signal);
  }

  return {
    pathOf,
    folder,
    enter,
    removeEmpty,
    idle: () => work,
    async close() {
      closing.abort();
      await work;
    },
  };
}

const identityOf = ({ dev, ino, birthtimeNs }: BigIntStats) => `${dev}:${ino}:${birthtimeNs}`;
