/**
 * Which system calls the sandbox refuses, as data. A rule matches a call whose arguments meet all of
 * its conditions; the first that matches answers, and what none matches is allowed.
 *
 * Where a call's flags lie in memory, which a filter cannot read, or libraries have an older call to
 * fall back to, it is answered as one that this kernel does not have.
 */

/** The column of a call's number. */
export type Architecture = "x64" | "arm64";

/**
 * Over the low 32 bits of an argument: the kernel cuts modes, flags, socket families and ioctl
 * requests to those, so a comparison of all 64 could be got round. Sizes have a high half as well.
 */
export type Condition = { argument: number } & (
  | { has_any: number }
  | { high_has_any: number }
  | { equals: number }
  | { none_of: readonly number[] }
);

/** What a rule keeps a command from. */
export type Group =
  | "set_id"
  | "terminal"
  | "rings"
  | "namespaces"
  | "sockets"
  | "mounts"
  | "processes"
  | "keys"
  | "kernel"
  | "memory";

export interface Rule {
  group: Group;
  call: string;
  /** Null where the architecture has no such call. */
  numbers: Record<Architecture, number | null>;
  when: Condition[];
  answer: "EPERM" | "ENOSYS" | "EAFNOSUPPORT";
}

/** One call: its name, its number on x86-64 and on arm64, and what its arguments must be. */
type Refused = [call: string, x64: number, arm64: number | null, ...when: Condition[]];

const rules =
  (answer: Rule["answer"]) =>
  (group: Group, ...refused: Refused[]): Rule[] =>
    refused.map(([call, x64, arm64, ...when]) => ({
      ...{ group, call, numbers: { x64, arm64 }, when, answer },
    }));
const forbidden = rules("EPERM");
const missing = rules("ENOSYS");
const unsupported = rules("EAFNOSUPPORT");

const SET_ID_BITS = 0o6000;
/** O_CREAT, and the bit of O_TMPFILE that is its own: only then does an open have a mode. */
const CREATES = 0o100 | 0o20000000;
const setId = (argument: number): Condition => ({ argument, has_any: SET_ID_BITS });
const creates = (argument: number): Condition => ({ argument, has_any: CREATES });

/**
 * A command must not leave a program behind that runs as the workspace's owner for whoever starts it
 * (mode 4755 on the host's disk), hence no call may give a file the set-id bits. A filter cannot tell
 * a folder from a file, so `git init --shared` fails too; what a folder inherits from its parent is
 * the kernel's own doing and goes through.
 */
const SET_ID = [
  ...forbidden(
    "set_id",
    ["chmod", 90, null, setId(1)],
    ["fchmod", 91, 52, setId(1)],
    ["fchmodat", 268, 53, setId(2)],
    ["fchmodat2", 452, 452, setId(2)],
    ["mkdir", 83, null, setId(1)],
    ["mkdirat", 258, 34, setId(2)],
    ["mknod", 133, null, setId(1)],
    ["mknodat", 259, 33, setId(2)],
    ["creat", 85, null, setId(1)],
    ["open", 2, null, creates(1), setId(2)],
    ["openat", 257, 56, creates(2), setId(3)],
  ),
  ...missing("set_id", ["openat2", 437, 437]),
];

const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/** These type into a terminal as if its person did. */
const TERMINAL = forbidden(
  "terminal",
  ["ioctl", 16, 29, { argument: 1, equals: TIOCSTI }],
  ["ioctl", 16, 29, { argument: 1, equals: TIOCLINUX }],
  ["vhangup", 153, 58],
);

/** Rings of calls are carried out past every filter. */
const RINGS = missing(
  "rings",
  ["io_uring_setup", 425, 425],
  ["io_uring_enter", 426, 426],
  ["io_uring_register", 427, 427],
);

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e020000;
/** Only for unshare: clone has its exit signal in those bits. */
const CLONE_NEWTIME = 0x80;

const NAMESPACES = [
  ...forbidden(
    "namespaces",
    ["clone", 56, 220, { argument: 0, has_any: NEW_NAMESPACES }],
    ["unshare", 272, 97, { argument: 0, has_any: NEW_NAMESPACES | CLONE_NEWTIME }],
    ["setns", 308, 268],
  ),
  ...missing("namespaces", ["clone3", 435, 435]),
];

const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] = [1, 2, 10, 16];
/** Lists interfaces; other protocols speak to more of the kernel than a command has use for. */
const NETLINK_ROUTE = 0;
const families: Condition = { argument: 0, none_of: [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] };
const netlink: Condition = { argument: 0, equals: AF_NETLINK };

/** No vsock, which reaches the machine's host past every network namespace. */
const SOCKETS = unsupported(
  "sockets",
  ["socket", 41, 198, families],
  ["socket", 41, 198, netlink, { argument: 2, none_of: [NETLINK_ROUTE] }],
  ["socketpair", 53, 199, families],
);

const MOUNTS = [
  ...forbidden(
    "mounts",
    ["mount", 165, 40],
    ["umount2", 166, 39],
    ["pivot_root", 155, 41],
    ["chroot", 161, 51],
    ["open_by_handle_at", 304, 265],
    ["name_to_handle_at", 303, 264],
    ["quotactl", 179, 60],
    ["quotactl_fd", 443, 443],
    ["swapon", 167, 224],
    ["swapoff", 168, 225],
    ["fanotify_init", 300, 262],
  ),
  ...missing(
    "mounts",
    ["open_tree", 428, 428],
    ["open_tree_attr", 467, 467],
    ["move_mount", 429, 429],
    ["fsopen", 430, 430],
    ["fsconfig", 431, 431],
    ["fsmount", 432, 432],
    ["fspick", 433, 433],
    ["mount_setattr", 442, 442],
  ),
];

const PROCESSES = [
  ...forbidden(
    "processes",
    ["ptrace", 101, 117],
    ["process_vm_readv", 310, 270],
    ["process_vm_writev", 311, 271],
    ["kcmp", 312, 272],
    ["migrate_pages", 256, 238],
    ["move_pages", 279, 239],
  ),
  ...missing("processes", ["pidfd_getfd", 438, 438], ["process_madvise", 440, 440]),
];

/** The kernel's keyrings know no namespace but the user's. */
const KEYS = missing(
  "keys",
  ["add_key", 248, 217],
  ["request_key", 249, 218],
  ["keyctl", 250, 219],
);

/** READ_IMPLIES_EXEC, older layouts and other Unixes; sanitizers switch ADDR_NO_RANDOMIZE on. */
const PERSONALITIES = [0, 0x0040000, 0xffffffff];

const KERNEL = [
  ...forbidden(
    "kernel",
    ["bpf", 321, 280],
    ["perf_event_open", 298, 241],
    ["personality", 135, 92, { argument: 0, none_of: PERSONALITIES }],
    ["init_module", 175, 105],
    ["finit_module", 313, 273],
    ["delete_module", 176, 106],
    ["kexec_load", 246, 104],
    ["kexec_file_load", 320, 294],
    ["reboot", 169, 142],
    ["syslog", 103, 116],
    ["acct", 163, 89],
    ["settimeofday", 164, 170],
    ["clock_settime", 227, 112],
    ["clock_adjtime", 305, 266],
    ["adjtimex", 159, 171],
    ["sethostname", 170, 161],
    ["setdomainname", 171, 162],
    ["iopl", 172, null],
    ["ioperm", 173, null],
    ["modify_ldt", 154, null],
  ),
  ...missing(
    "kernel",
    ["lookup_dcookie", 212, 18],
    ["nfsservctl", 180, 42],
    ["uselib", 134, null],
    ["_sysctl", 156, null],
  ),
];

/** Segments live on without a process; there are at most 4,096 of them in an IPC namespace. */
const SEGMENT_LIMIT_BYTES = 64 * 1024;

/**
 * Files in memory and detached segments are memory that no process maps, which nobody but a control
 * group counts. Libraries that find neither take a file in /tmp or /dev/shm, whose size is bounded.
 * A database's own segment of a few bytes is let through.
 */
const UNMAPPED = missing(
  "memory",
  ["memfd_create", 319, 279],
  ["shmget", 29, 194, { argument: 1, has_any: 2 ** 32 - SEGMENT_LIMIT_BYTES }],
  ["shmget", 29, 194, { argument: 1, high_has_any: 2 ** 32 - 1 }],
);

const MEMORY = [
  ...UNMAPPED,
  ...forbidden("memory", ["mbind", 237, 235], ["set_mempolicy", 238, 237]),
  ...missing(
    "memory",
    ["userfaultfd", 323, 282],
    ["memfd_secret", 447, 447],
    ["vmsplice", 278, 75],
  ),
];

export const RULES: readonly Rule[] = [
  ...SET_ID,
  ...TERMINAL,
  ...RINGS,
  ...NAMESPACES,
  ...SOCKETS,
  ...MOUNTS,
  ...PROCESSES,
  ...KEYS,
  ...KERNEL,
  ...MEMORY,
];
