/**
 * The processes of a command that has no pid namespace: those whose environment has its name, and what
 * descends from those. A daemon that left its session and lost its parent still has the name; one that
 * cleared its environment as well is found only while what started it lives.
 *
 * One that hides its environment from us, as every process of ours can, is a suspect: it began after the
 * command, and is in its session, or was orphaned to one of our own forebears while no other command
 * runs. An agent for keys that a person starts meanwhile goes with them: without a sandbox nothing
 * tells it from a command's daemon.
 *
 * One that began after the command and is in the midst of an exec shows nothing for a moment: it is not
 * killed, but while there is one the command has not gone.
 */
import { readFileSync, readlinkSync, statSync } from "node:fs";
import {
  descendantsOf,
  familiesNow,
  type Family,
  type HostProcess,
} from "./bounds/host-processes.ts";
import type { ProcessIdentity, ProcessTable } from "./process-table.ts";

/** In the environment of every command; what a command starts inherits it. */
export const MARKER = "MAINSTAY_COMMAND";

/** A look reads all processes of the host. */
const LOOK_MS = 50;
/** What is killed may have begun more meanwhile. */
const PASSES = 3;
const SUSPECT_LIMIT = 64;

/** The table in which the identity of a command's first process stands for all of them. */
export function markedTree(processes: ProcessTable, command_id: string): ProcessTable {
  function look(first: ProcessIdentity) {
    const all_marked = processes.findByVariable(MARKER);
    const marked = all_marked.get(command_id) ?? [];
    const is_veiled = (all_marked.get(null) ?? []).some((one) => began(one) >= began(first));
    const others = [...all_marked.keys()].filter((id) => id !== null && id !== command_id);
    const is_alone = !is_veiled && others.length === 0;
    const families = familiesNow();
    const found = suspects(first, is_alone, families).map(({ pid }) => processes.identify(pid));
    const known = [first, ...marked, ...found].filter((one) => one !== null);
    const alive = known.filter(processes.isAlive);
    const below = alive.flatMap(({ pid }) => descendantsOf(pid, families));
    const identities = below.map(({ pid }) => processes.identify(pid));
    return { is_veiled, members: [...alive, ...identities.filter((one) => one !== null)] };
  }

  return {
    ...processes,
    look_ms: LOOK_MS,
    isAlive(first) {
      const { members, is_veiled } = look(first);
      return members.length > 0 || is_veiled;
    },
    kill(first) {
      for (let pass = 0; pass < PASSES; pass += 1) {
        const { members } = look(first);
        if (members.length === 0) return;
        members.forEach(processes.kill);
      }
    },
  };
}

const began = ({ starttime }: ProcessIdentity) => Number(starttime);

function suspects(first: ProcessIdentity, is_alone: boolean, families: Family): HostProcess[] {
  const all = [...families.values()].flat();
  const forebears = is_alone ? ourForebears(all) : new Set<number>();
  return all
    .filter((one) => one.began >= began(first))
    .filter(({ session, parent }) => session === first.pid || forebears.has(parent))
    .filter(({ pid }) => isHidden(pid) && isOurs(pid))
    .slice(0, SUSPECT_LIMIT);
}

/** An orphan goes to one of those. */
function ourForebears(all: HostProcess[]): Set<number> {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const found = new Set<number>();
  let at = parents.get(Number(readlinkSync("/proc/self")));
  while (at !== undefined && at > 0 && !found.has(at)) {
    found.add(at);
    at = parents.get(at);
  }
  return found;
}

function isHidden(pid: number): boolean {
  try {
    readFileSync(`/proc/${pid}/environ`);
    return false;
  } catch (error) {
    return ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** Its files in /proc are root's, but it says whose it is. */
function isOurs(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === statSync("/proc/self").uid;
  } catch {
    return false; // it has ended
  }
}
