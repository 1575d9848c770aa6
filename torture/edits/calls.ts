/** Which system calls an edit makes on its files, found by watching one, so that each can be hit. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Injection } from "../strace.ts";
import type { Scene } from "./scene.ts";

const NAMED = "openat,mkdir,rmdir,rename,link,unlink,statx,readlink,chmod,chown,utimensat,statfs";
/** Also used on what is no file: these are hit by path. */
const SHARED = ["read", "write"];
const ON_DESCRIPTORS =
  "pread64,pwrite64,fsync,fdatasync,newfstatat,fstat,fchown,fchmod,ftruncate,getdents64,close";

/** Stands for the folder above the workspace, which is another one each time. */
const ABOVE = "…";
const PLACES = [`${ABOVE}/`, '"/proc/self/fd/'];

/** The `nth` of its kind in its thread, from when strace is attached. */
export interface Call {
  readonly name: string;
  /** As the process calls its thread: there is one of each name. */
  readonly thread: string;
  readonly nth: number;
  /** As strace shows it, with paths from the folder above the workspace. */
  readonly shown: string;
}

/** What the process does on files of the scene until `work` has ended. */
export async function callsOf(
  pid: number,
  { folder, backups }: Scene,
  work: () => Promise<unknown>,
): Promise<Call[]> {
  const log = `${backups}.trace`;
  const calls = [NAMED, ON_DESCRIPTORS, ...SHARED].join();
  const strace = spawn("strace", ["-f", "-y", "-p", `${pid}`, "-o", log, "-e", `trace=${calls}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(strace, "exit");
  for await (const line of createInterface({ input: strace.stderr }))
    if (line.includes("attached")) break;
  await work();
  strace.kill("SIGINT");
  await ended;
  const lines = readFileSync(log, "utf8").replaceAll(dirname(folder), ABOVE).split("\n");
  rmSync(log);
  return counted(lines, pid).filter(({ shown }) => PLACES.some((place) => shown.includes(place)));
}

function counted(lines: readonly string[], pid: number): Call[] {
  const counts = new Map<string, number>();
  return lines.flatMap((line) => {
    const [, thread, name, rest] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    if (thread === undefined || name === undefined) return [];
    const kind = isShared(name) ? `${name} ${pathIn(rest!)}` : `${name} ${thread}`;
    const nth = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, nth);
    return [{ name, thread: threadName(pid, thread), nth, shown: `${name}(${rest}` }];
  });
}

const threadName = (pid: number, thread: string): string =>
  readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim();

function threadOf(pid: number, name: string): number {
  const threads = readdirSync(`/proc/${pid}/task`).filter((it) => threadName(pid, it) === name);
  if (threads.length !== 1) throw new Error(`${threads.length} threads are named ${name}`);
  return Number(threads[0]);
}

const isShared = (name: string): boolean => SHARED.includes(name);

const pathIn = (rest: string): string => /^\d+<([^>]*)>/.exec(rest)?.[1] ?? "";

/** `how` as in `error=EIO`; with `lasts` at every such call from there on. */
export function injectionAt(
  pid: number,
  { name, thread, nth, shown }: Call,
  { folder }: Scene,
  how: string,
  lasts = false,
): Injection {
  const fault = `${how}:when=${nth}${lasts ? "+" : ""}`;
  const injection = { calls: name, fault, thread: threadOf(pid, thread) };
  if (!isShared(name)) return injection;
  const path = pathIn(shown.slice(name.length + 1));
  return { ...injection, files: [path.replace(ABOVE, dirname(folder))] };
}
