/**
 * The gate between a composed sandbox and its command. The stub is the sandbox's init: it says on
 * descriptor 3 that it stands, then waits. Nothing of the plan runs until the executor has compared
 * which files it really sees, made the init's identity durable and said go. If the executor dies
 * before, the stub reads the end of the file and leaves.
 *
 * The stub stays as init, in place of bubblewrap's own: bubblewrap leaves that one to the host's
 * init to reap, and where that is no reaper (a container) every command would leave a zombie.
 */
import { statSync } from "node:fs";

/** The stub's only word. */
export const READY = "ready";
export const GO = "go\n";

export type GateName = (command_id: string) => string;

/**
 * The stub's `$0`, by which a sandbox is known among the host's processes, and as one of this home's.
 * Without a command's id it is what the names of all of them begin with.
 */
export function gateNames(home: string): GateName {
  const { dev, ino } = statSync(home);
  return (command_id) => `mainstay:${dev}-${ino}:${command_id}`;
}

/** Of one command, threads included. */
export const PROCESS_LIMIT = 1024;
const GIB = 2 ** 30;
/** Of one process, and no address space: runtimes reserve far more of that than they use. */
const DATA_LIMIT_BYTES = 2 * GIB;
const FILE_LIMIT_BYTES = 4 * GIB;
/** Of one process: as much as the longest time limit has of one processor. */
const CPU_LIMIT_S = 24 * 60 * 60;

/**
 * Set by the shell itself: a program that sets them costs a millisecond. In the user namespace, so
 * that processes are counted for this sandbox alone. Where the host allows less, less it stays.
 * Dash spells the number of processes -p; files are counted in blocks of 512 bytes, data in KiB.
 */
const limits = (processes: number) =>
  [
    `ulimit -u ${processes} 2>/dev/null || ulimit -p ${processes}`,
    "ulimit -n 4096",
    "ulimit -c 0",
    `ulimit -f ${FILE_LIMIT_BYTES / 512}`,
    `ulimit -d ${DATA_LIMIT_BYTES / 1024}`,
    `ulimit -t ${CPU_LIMIT_S}`,
  ].map((limit) => `{ ${limit}; } 2>/dev/null`);

/** The executor's own is for its secrets; a command's files are for whoever the workspace is for. */
const UMASK = "umask 022";

/** What only the way into the sandbox needed: its mount namespace and bubblewrap itself. */
const LEFT_OPEN = "exec 6<&- 7<&-";

/**
 * Wraps `command` (found on PATH inside) in the stub. `forwarder` is run to its end before, but after
 * the go: what it leaves running is held to the bounds that the init was given at the gate, as all
 * that can write its memory is. That must hold none of the stub's descriptors.
 */
export function gated(name: string, command: string[], forwarder: string[]): string[] {
  const first = [LEFT_OPEN, ...limits(PROCESS_LIMIT), UMASK];
  return stub(name, first, before(forwarder), [...forwarder, ...command]);
}

/** Without a sandbox the host's user is counted, with all that they run besides. */
const USER_PROCESS_LIMIT = 4 * PROCESS_LIMIT;

/** The same without a sandbox: nobody else says which process the stub is. */
export function gatedPlainly(name: string, command: string[]): string[] {
  const say_pid = `printf '{"child-pid":%s}' "$$" >&4; exec 4>&- 5<&-`;
  const first = [say_pid, LEFT_OPEN, ...limits(USER_PROCESS_LIMIT)];
  return stub(name, first, [], command);
}

function stub(name: string, first: string[], after_go: string[], command: string[]): string[] {
  const text = [
    ...first,
    `echo ${READY} >&3`,
    'read -r go <&3 && [ "$go" = go ] || exit 125',
    "unset go",
    ...after_go,
    // A subshell, because init must outlive the command; exec, so that no builtin answers for it.
    '(exec "$@" 2>&1 3>&-)',
    "exit $?",
  ].join("\n");
  return ["/bin/sh", "-c", text, name, ...command];
}

/** Takes as many of the stub's arguments as it has. */
function before(forwarder: string[]): string[] {
  if (forwarder.length === 0) return [];
  const words = forwarder.map((_, at) => `"$${at + 1}"`).join(" ");
  return [`${words} 2>&1 3<&- </dev/null >/dev/null || exit 125`, `shift ${forwarder.length}`];
}
