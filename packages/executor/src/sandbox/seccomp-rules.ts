/**
 * Which system calls the sandbox refuses, as data. A rule matches a call whose arguments meet all of
 * its conditions; the first that matches answers, and what none matches is allowed.
 *
 * A command must not leave a program behind that runs as the workspace's owner for whoever starts it
 * (mode 4755 on the host's disk), hence no call may give a file the set-id bits. A filter cannot tell
 * a folder from a file, so `git init --shared` fails too; what a folder inherits from its parent is
 * the kernel's own doing and goes through. Where a call's mode
 * lies in memory, which a filter cannot read, the call is answered as one that this kernel does not
 * have: libraries fall back to the older one.
 */

/** The column of a call's number. */
export type Architecture = "x64" | "arm64";

/**
 * Over the low 32 bits of an argument: the kernel cuts modes, flags and ioctl requests to those, so a
 * comparison of all 64 could be got round.
 */
export type Condition = { argument: number } & ({ has_any: number } | { equals: number });

export interface Rule {
  call: string;
  /** Null where the architecture has no such call. */
  numbers: Record<Architecture, number | null>;
  when: Condition[];
  answer: "EPERM" | "ENOSYS";
}

const SET_ID_BITS = 0o6000;
/** O_CREAT, and the bit of O_TMPFILE that is its own: only then does an open have a mode. */
const CREATES = 0o100 | 0o20000000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

const setId = (argument: number): Condition => ({ argument, has_any: SET_ID_BITS });
const creates = (argument: number): Condition => ({ argument, has_any: CREATES });

function refuse(call: string, x64: number, arm64: number | null, ...when: Condition[]): Rule {
  return { call, numbers: { x64, arm64 }, when, answer: "EPERM" };
}

function missing(call: string, x64: number, arm64: number): Rule {
  return { call, numbers: { x64, arm64 }, when: [], answer: "ENOSYS" };
}

export const RULES: readonly Rule[] = [
  refuse("chmod", 90, null, setId(1)),
  refuse("fchmod", 91, 52, setId(1)),
  refuse("fchmodat", 268, 53, setId(2)),
  refuse("fchmodat2", 452, 452, setId(2)),
  refuse("mkdir", 83, null, setId(1)),
  refuse("mkdirat", 258, 34, setId(2)),
  refuse("mknod", 133, null, setId(1)),
  refuse("mknodat", 259, 33, setId(2)),
  refuse("creat", 85, null, setId(1)),
  refuse("open", 2, null, creates(1), setId(2)),
  refuse("openat", 257, 56, creates(2), setId(3)),
  missing("openat2", 437, 437),
  // Its rings open files too, past every filter.
  missing("io_uring_setup", 425, 425),
  // These type into a terminal as if its person did.
  refuse("ioctl", 16, 29, { argument: 1, equals: TIOCSTI }),
  refuse("ioctl", 16, 29, { argument: 1, equals: TIOCLINUX }),
];
