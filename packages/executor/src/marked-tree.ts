/**
 * The processes of a command that has no pid namespace: those whose environment has its name, and what
 * descends from those. A daemon that left its session and lost its parent still has the name; one that
 * cleared its environment as well is found only while what started it lives.
 */
import { descendantsOf, familiesNow } from "./bounds/host-processes.ts";
import type { ProcessIdentity, ProcessTable } from "./process-table.ts";

/** In the environment of every command; what a command starts inherits it. */
export const MARKER = "MAINSTAY_COMMAND";

/** The table in which the identity of a command's first process stands for all of them. */
export function markedTree(processes: ProcessTable, command_id: string): ProcessTable {
  function members(first: ProcessIdentity): ProcessIdentity[] {
    const marked = processes.findByVariable(MARKER).get(command_id) ?? [];
    const known = [first, ...marked].filter(processes.isAlive);
    const families = familiesNow();
    const below = known.flatMap(({ pid }) => descendantsOf(pid, families));
    const found = below.map(({ pid }) => processes.identify(pid)).filter((one) => one !== null);
    return [...known, ...found];
  }

  return {
    ...processes,
    isAlive: (first) => members(first).length > 0,
    kill: (first) => members(first).forEach(processes.kill),
  };
}
