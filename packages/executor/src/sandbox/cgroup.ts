/**
 * A control group (v2) for each command, where the host's service manager has given us a subtree.
 *
 * 1. We touch a group only where it was given to us, and root may write to all of them: the sign is that
 *    our own is called `mainstay-server`, as packaging/mainstay.service asks systemd for
 *    (DelegateSubgroup). Commands get groups beside it.
 * 2. What a dead executor left is removed at start.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Halt } from "../supervise.ts";
import { PROCESS_LIMIT } from "./gate.ts";

const MOUNTED_AT = "/sys/fs/cgroup";
const SERVER_GROUP = "mainstay-server";
const PREFIX = "command-";
const CONTROLLERS = ["memory", "pids"];

export interface Cgroup {
  /** Why the kernel ended it, if it did. The group goes once it is empty. */
  leave(): Halt | null;
}

export interface Cgroups {
  /** Resolves with null, having said so, where the kernel does not let it: hold it another way then. */
  join(command_id: string, pid: number, bounds: { limit_bytes: number }): Promise<Cgroup | null>;
}

/** Null where none was given to us. `own` is our /proc/self/cgroup. */
export function openCgroups(
  log: (text: string) => void,
  own: string = readFileSync("/proc/self/cgroup", "utf8"),
  mounted_at: string = MOUNTED_AT,
): Cgroups | null {
  const path = /^0::(\/.*)$/m.exec(own)?.[1] ?? "/";
  if (basename(path) !== SERVER_GROUP) return null;
  const parent = join(mounted_at, dirname(path));
  try {
    takeOver(parent);
  } catch (error) {
    log(`no control groups for commands in ${parent}: ${(error as Error).message}`);
    return null;
  }
  const emptied = new Set<string>();

  function removeEmptied(): void {
    for (const group of emptied) if (isRemoved(group)) emptied.delete(group);
  }

  return {
    async join(command_id, pid, { limit_bytes }) {
      const group = join(parent, PREFIX + command_id);
      try {
        make(group, limit_bytes);
        await writeFile(join(group, "cgroup.procs"), String(pid));
      } catch (error) {
        log(`no control group for ${command_id}: ${(error as Error).message}`);
        isRemoved(group);
        return null;
      }
      return {
        leave() {
          emptied.add(group);
          const halt = outOfMemory(group, limit_bytes);
          removeEmptied();
          return halt;
        },
      };
    },
  };
}

function takeOver(parent: string): void {
  const offered = readFileSync(join(parent, "cgroup.controllers"), "utf8").split(/\s+/);
  const lacking = CONTROLLERS.filter((name) => !offered.includes(name));
  if (lacking.length > 0) throw new Error(`it has no controller for ${lacking.join(" and ")}`);
  const wanted = CONTROLLERS.map((name) => `+${name}`).join(" ");
  writeFileSync(join(parent, "cgroup.subtree_control"), wanted);
  for (const name of readdirSync(parent)) {
    if (name.startsWith(PREFIX)) isRemoved(join(parent, name));
  }
}

function make(group: string, limit_bytes: number): void {
  mkdirSync(group);
  const set = (file: string, value: number) => writeFileSync(join(group, file), String(value));
  set("memory.max", Math.floor(limit_bytes));
  set("memory.oom.group", 1);
  set("pids.max", PROCESS_LIMIT);
  try {
    set("memory.swap.max", 0);
  } catch {
    // This kernel does not count swap.
  }
}

function outOfMemory(group: string, limit_bytes: number): Halt | null {
  const kills = Number(/^oom_kill (\d+)$/m.exec(eventsOf(group))?.[1] ?? 0);
  if (kills === 0) return null;
  const mib = Math.round(limit_bytes / 2 ** 20);
  const why = `it took more memory than the ${mib} MiB that a command may`;
  return { cause: "exceeded", bound: "memory", why };
}

function eventsOf(group: string): string {
  try {
    return readFileSync(join(group, "memory.events"), "utf8");
  } catch {
    return ""; // somebody took the group away: its command's end is told all the same
  }
}

/** False while something in it lives. */
function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
