/** What of a script's system calls a program that only reads its workspace would not have made. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { isSystemRead } from "./system-reads.ts";
import { pathOf, stringOf, type SystemCall } from "./trace.ts";

export interface Violation {
  readonly kind: "write" | "connect" | "execute" | "read";
  /** The program that made the call. */
  readonly program: string;
  readonly call: string;
}

export interface Bounds {
  /** The workspace; the scripts ran with it at this very path. */
  readonly root: string;
  /** Names of what may be executed. */
  readonly programs: ReadonlySet<string>;
}

const WRITERS = new Set(
  [
    "unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir link linkat symlink symlinkat",
    "mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat truncate ftruncate",
    "fallocate utime utimes utimensat futimesat setxattr lsetxattr fsetxattr removexattr",
    "lremovexattr fremovexattr creat mount umount umount2 move_mount pivot_root chroot swapon",
    "swapoff acct quotactl fanotify_mark memfd_create open_by_handle_at io_uring_setup bpf ptrace",
    "process_vm_writev setns unshare",
  ]
    .join(" ")
    .split(" "),
);
const CONNECTORS = new Set("connect bind listen accept accept4 sendto sendmsg sendmmsg".split(" "));
const OPENERS = new Set(["open", "openat", "openat2"]);
/** They take no file, or name the one they made. */
const HARMLESS = new Set(
  "socket socketpair getsockname getpeername getsockopt setsockopt shutdown recvfrom recvmsg recvmmsg getcwd".split(
    " ",
  ),
);
const FOR_WRITING = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE/;
/** Names that lead to no file; bash tries the terminal, of which there is none, and what lacks a descriptor fills it. */
const NOWHERE = /^\/dev\/(null|full|tty)$|^(pipe|socket):/;
const OWN_DESCRIPTOR = /^\/(dev|proc\/(self|\d+))\/(fd\/\d+|std(in|out|err))$/;
/** What sort, tac and bash keep of long input, in the sandbox's own /tmp. */
const SCRATCH = /^\/tmp\/(sort|tac|sh-thd)[\w.-]{6,}$/;
/** Which interfaces there are, asked by node; and whether there is IPv6, by pip. */
const KERNEL = /AF_NETLINK|sin6_port=htons\(0\).*"::1"/;
/** glibc asks for the names of users there before it reads them itself. */
const NAME_SERVICE = /sun_path="\/var\/run\/nscd\/socket"/;

export function judge(calls: readonly SystemCall[], bounds: Bounds): Violation[] {
  const program_of = new Map<number, string>();
  return calls.flatMap((call) => {
    const program = program_of.get(call.pid) ?? "bash";
    const kind = judgeCall(call, program, bounds);
    if (call.name === "execve" && call.result === "0")
      program_of.set(call.pid, basename(stringOf(call.args[0]) ?? ""));
    return kind === null ? [] : [{ kind, program, call: shown(call) }];
  });
}

function judgeCall(call: SystemCall, program: string, bounds: Bounds): Violation["kind"] | null {
  if (HARMLESS.has(call.name)) return null;
  if (WRITERS.has(call.name)) return SCRATCH.test(namedPath(call) ?? "") ? null : "write";
  if (CONNECTORS.has(call.name) && call.args.some((arg) => KERNEL.test(arg))) return null;
  if (CONNECTORS.has(call.name)) return NAME_SERVICE.test(call.args[1] ?? "") ? null : "connect";
  if (call.name === "execve" || call.name === "execveat") return judgeExecution(call, bounds);
  if (OPENERS.has(call.name) && call.args.some((arg) => FOR_WRITING.test(arg)))
    return isNowhere(call) ? null : "write";
  return mayBeRead(call, program, bounds) ? null : "read";
}

function judgeExecution(call: SystemCall, { programs }: Bounds): Violation["kind"] | null {
  const path = stringOf(call.args[0]) ?? "";
  const is_listed = /^(\/usr)?\/(local\/)?s?bin\//.test(path) && programs.has(basename(path));
  return is_listed || path.startsWith("/usr/lib/git-core/") ? null : "execute";
}

/** Also what no right could have opened: a folder, or Python's cache of its own modules in /usr. */
function isNowhere(call: SystemCall): boolean {
  const named = namedPath(call) ?? "";
  if (call.result.startsWith("-1 EISDIR") && !call.args.some((arg) => arg.includes("O_CREAT")))
    return true;
  if (call.result.startsWith("-1 EROFS") && /^\/usr\/.*\/__pycache__\//.test(named)) return true;
  if (call.result.startsWith("-1 ELOOP") && call.args.some((arg) => arg.includes("O_NOFOLLOW")))
    return true;
  if (SCRATCH.test(named)) return true;
  return NOWHERE.test(pathOf(call.result) ?? named) || OWN_DESCRIPTOR.test(named);
}

function mayBeRead(call: SystemCall, program: string, { root }: Bounds): boolean {
  const named = namedPath(call);
  if (named === null) return true; // a descriptor, judged when it was opened
  const found = OPENERS.has(call.name) ? (pathOf(call.result) ?? followed(named, root)) : named;
  return (
    isWithin(found, root) ||
    isNowhere(call) ||
    // Every folder above is looked at, to find out where one is.
    (!OPENERS.has(call.name) && isWithin(root, found)) ||
    isSystemRead(found, program)
  );
}

/** Absolute and without dots; null where the call names a descriptor only. */
function namedPath({ name, args }: SystemCall): string | null {
  const [first, second] = args;
  const is_at = /^(-?\d+|AT_FDCWD)</.test(first ?? "");
  const path = stringOf(is_at ? second : (args.find((arg) => arg.startsWith('"')) ?? undefined));
  if (path === null || (path === "" && name !== "execve")) return null;
  if (path.startsWith("/")) return normalize(path);
  // Without a descriptor strace does not say where the process stands.
  return is_at ? join(pathOf(first) ?? "/", path) : null;
}

/** Where a name of the workspace leads through its links, as far as it exists. */
function followed(path: string, root: string): string {
  if (!isWithin(path, root)) return path;
  for (let above = path; isWithin(above, root); above = dirname(above)) {
    const real = reallyAt(above);
    if (real !== null) return join(real, path.slice(above.length));
  }
  return path;
}

/** Null where nothing is, or a link to nothing. */
function reallyAt(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

const shown = ({ name, args, result }: SystemCall): string =>
  `${name}(${args.join(", ").slice(0, 200)}) = ${result}`;
