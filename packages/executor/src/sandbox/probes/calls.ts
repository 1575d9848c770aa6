/**
 * System calls that the filter refuses, made for real. The arguments are such that a kernel without
 * the filter answers differently and does nothing: a bad flag, an address where nothing is, a
 * descriptor that is not open. So a refusal is the filter's own.
 *
 * Calls that every kernel refuses to whoever is not the host's root look the same with and without a
 * filter; those rules are tried by an interpreter alone (`seccomp.test.ts`).
 */
import { type Architecture, RULES } from "../seccomp-rules.ts";
import { inArea, type Probe } from "./probe.ts";

/** Name, arguments in perl, and what tells it from its like. `$file` is the workspace's own. */
type Call = readonly [call: string, args: string, kind?: string];

const FILE = '"made-file\\0"';
const NEW = '"new-file\\0"';
/** An address where nothing is, and a descriptor that is not open. */
const NOWHERE = "1";
const CLOSED = "-1";

const CALLS: readonly Call[] = [
  ["chmod", `${FILE}, 04755`],
  ["chmod", `${FILE}, 02755`, "for a group"],
  ["chmod", `${FILE}, 04755 | 1 << 40`, "under a high word"],
  ["fchmod", "fileno($handle), 04755"],
  ["fchmodat", `-100, ${FILE}, 04755`],
  ["fchmodat2", `-100, ${FILE}, 04755, 0`],
  ["mkdir", `${NEW}, 04755`],
  ["mkdirat", `-100, ${NEW}, 02755`],
  ["mknod", `${NEW}, 0104755, 0`],
  ["mknodat", `-100, ${NEW}, 0104755, 0`],
  ["creat", `${NEW}, 04755`],
  ["open", `${NEW}, 0101, 06755`],
  ["openat", `-100, ${NEW}, 0101, 06755`],
  ["openat", '-100, ".\\0", 020200001, 06755', "without a name"],
  ["openat2", `-100, ${NEW}, ${NOWHERE}, 24`],
  ["ioctl", "fileno($handle), 0x5412, 0", "types into a terminal"],
  ["ioctl", "fileno($handle), 0x5412 | 1 << 32, 0", "types, under a high word"],
  ["ioctl", "fileno($handle), 0x541c, 0", "pastes into a console"],
  ["io_uring_setup", `0, ${NOWHERE}`],
  ["io_uring_enter", `${CLOSED}, 0, 0, 0, 0, 0`],
  ["io_uring_register", `${CLOSED}, 0, 0, 0`],
  // A thread without a shared memory: never made, whatever else it is.
  ["clone", "0x10010000, 0, 0, 0, 0", "into a user namespace"],
  ["clone", "0x10010000 | 1 << 40, 0, 0, 0, 0", "under a high word"],
  ["clone3", `${NOWHERE}, 8`],
  ["unshare", "0x10000000", "the user namespace"],
  ["unshare", "0x20000", "the mounts"],
  ["unshare", "0x40000000", "the network"],
  ["setns", `${CLOSED}, 0`],
  ["socket", "40, 1, 0", "of vsock"],
  ["socket", "17, 3, 0", "of packets"],
  ["socket", "40 | 1 << 32, 1, 0", "of vsock, under a high word"],
  ["socket", "16, 3, 12", "of netfilter"],
  ["socket", "16, 3, 16", "of generic netlink"],
  ["socketpair", `40, 1, 0, ${NOWHERE}`],
  ["mount", `0, "/tmp\\0", "tmpfs\\0", 0, 0`, "over /tmp"],
  ["mount", '0, "/tmp\\0", 0, 0x1020, 0', "again, otherwise"],
  ["umount2", '"/\\0", 0x100'],
  ["pivot_root", '"nothing\\0", "nothing\\0"'],
  ["chroot", '"nothing\\0"'],
  ["open_by_handle_at", `${CLOSED}, ${NOWHERE}, 0`],
  ["name_to_handle_at", `-100, ".\\0", ${NOWHERE}, ${NOWHERE}, 0x4000000`],
  ["quotactl", "0xff, 0, 0, 0"],
  ["quotactl_fd", `${CLOSED}, 0xff, 0, 0`],
  ["swapon", '"nothing\\0", 0x1000000'],
  ["fanotify_init", "0x200, 0"],
  ["open_tree", '-100, "nothing\\0", 0x10'],
  ["move_mount", `${CLOSED}, "\\0", ${CLOSED}, "\\0", 0x1000`],
  ["fsopen", '"nothing\\0", 0'],
  ["fsconfig", `${CLOSED}, 99, 0, 0, 0`],
  ["fsmount", `${CLOSED}, 0x10, 0`],
  ["fspick", '-100, "nothing\\0", 0x1000'],
  ["mount_setattr", `${CLOSED}, "\\0", 0x10, ${NOWHERE}, 32`],
  ["ptrace", "16, 0x7ffffff0, 0, 0"],
  ["process_vm_readv", "1, 0, 0, 0, 0, 1"],
  ["process_vm_writev", "1, 0, 0, 0, 0, 1"],
  ["kcmp", "0x7ffffff0, 0x7ffffff0, 0, 0, 0"],
  ["migrate_pages", `0, 0x7fffffff, ${NOWHERE}, ${NOWHERE}`],
  ["move_pages", "0, 0, 0, 0, 0, 0x80"],
  ["pidfd_getfd", `${CLOSED}, 0, 0`],
  ["process_madvise", `${CLOSED}, 0, 0, 0, 0`],
  ["add_key", '"user\\0", "probe\\0", "x\\0", 1, -1'],
  ["request_key", '"user\\0", "probe-nothing\\0", 0, 0'],
  ["keyctl", "0, -3, 0"],
  ["bpf", `0, ${NOWHERE}, 5000`],
  ["perf_event_open", `${NOWHERE}, 0, -1, -1, 0x80`],
  ["personality", "0x400000"],
  ["reboot", "0, 0, 0, 0"],
  ["sethostname", `${NOWHERE}, -1`],
  ["setdomainname", `${NOWHERE}, -1`],
  ["settimeofday", `${NOWHERE}, 0`],
  ["clock_settime", `99, ${NOWHERE}`],
  ["clock_adjtime", `99, ${NOWHERE}`],
  ["adjtimex", NOWHERE],
  ["modify_ldt", `0, ${NOWHERE}, 0`],
  ["mbind", "0, 0x1000, 99, 0, 0, 0x80"],
  ["set_mempolicy", "99, 0, 0"],
  ["memfd_create", '"probe\\0", 0x80000000'],
  ["shmget", "1, 0x100000000, 0", "of a large segment"],
  ["userfaultfd", "1"],
  ["memfd_secret", "0x80"],
  ["vmsplice", `${CLOSED}, 0, 0, 0x80`],
];

export function callProbes(architecture: Architecture): Probe[] {
  return [...nesting(architecture), ...refusals(architecture)];
}

/** Two walls keep it, and either is enough: this one looks whether both are gone. */
function nesting(architecture: Architecture): Probe[] {
  const name = "makes no user namespace";
  const number = ruleOf("unshare").numbers[architecture];
  // In a child: in a new namespace the probes after it would be somebody else.
  const perl = `my $child = fork; exit(syscall(${number}, 0x10000000) == 0 ? 7 : 0) if !$child;
    waitpid($child, 0); $? >> 8 == 7 ? 'made' : ''`;
  return inArea("namespaces", [{ name, wall: "nested namespaces", perl }]);
}

function refusals(architecture: Architecture): Probe[] {
  return inArea(
    "system calls",
    CALLS.flatMap(([call, args, kind]) => {
      const rule = ruleOf(call);
      const number = rule.numbers[architecture];
      if (number === null) return []; // an old call that this architecture never had
      return {
        name: `refuses ${call}${kind === undefined ? "" : ` (${kind})`}`,
        wall: `filter of ${rule.group}` as const,
        perl: `open(my $handle, '+>', 'made-file') or return "made-file: $!"; refused(${number}, ${args})`,
      };
    }),
  );
}

const ruleOf = (call: string) => RULES.find((rule) => rule.call === call)!;
