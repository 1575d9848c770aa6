/**
 * One wall of the sandbox less, each. A weakening changes what is about to be launched; probes that
 * look for a way through that wall must then find one.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Wall } from "../../src/sandbox/probes/probe.ts";
import { compileFilter, encodeFilter } from "../../src/sandbox/seccomp.ts";
import { type Group, RULES } from "../../src/sandbox/seccomp-rules.ts";
import type { Launch } from "../../src/spawned-sandbox.ts";

/** `scratch` is a folder for files that it needs. */
type Weaken = (launch: Launch, scratch: string) => Launch;

/** Without the sandbox's own root nothing is left of it: those probes run as they are, outside. */
export const OUTSIDE: Wall = "root";

const GROUPS: readonly Group[] = [...new Set(RULES.map(({ group }) => group))];

/** What `--unshare-all` stands for. */
const UNSHARED = ["user", "ipc", "pid", "net", "uts", "cgroup"];

export const WEAKENINGS: ReadonlyMap<Wall, Weaken> = new Map<Wall, Weaken>([
  ["process namespace", (launch) => withoutProcesses(sharing("pid", launch))],
  ["network namespace", (launch) => sharing("net", launch)],
  ["ipc namespace", (launch) => sharing("ipc", launch)],
  ["host name namespace", (launch) => sharing("uts", without(launch, "--hostname", 1))],
  ["cgroup namespace", (launch) => sharing("cgroup", launch)],
  ["nested namespaces", (launch, scratch) => unfiltered("namespaces")(nesting(launch), scratch)],
  ["inside id", (launch) => replaced(launch, ["--uid", "1000"], ["--uid", "0"])],
  ["capabilities", capable],
  ["session", (launch) => without(launch, "--new-session", 0)],
  ["environment", leakingEnvironment],
  ["descriptors", (launch) => inStub(launch, " 3>&-)", ")")],
  ["umask", (launch) => inStub(launch, "umask 022", "umask 000")],
  ["read-only mounts", writable],
  ["closed devices", writableDevices],
  ["sized mounts", (launch) => without(launch, "--size", 1)],
  ["git pins", (launch) => withoutBinds(launch, /\/\.git(\/|$)/)],
  ["held files", unheld],
  ["seccomp", (launch) => without(launch, "--seccomp", 1)],
  ["bond to the executor", (launch) => without(launch, "--die-with-parent", 0)],
  ["limit of processes", (launch) => inStub(launch, /^.*ulimit -u .*$/m, "")],
  ["limit of files", (launch) => inStub(launch, /^.*ulimit -n .*$/m, "ulimit -n 20000")],
  ["limit of core", (launch) => inStub(launch, /^.*ulimit -c .*$/m, "ulimit -c unlimited")],
  ["limit of file size", (launch) => inStub(launch, /^.*ulimit -f .*$/m, "")],
  ["limit of data", (launch) => inStub(launch, /^.*ulimit -d .*$/m, "")],
  ["limit of processor", (launch) => inStub(launch, /^.*ulimit -t .*$/m, "")],
  ["limit of time", (launch) => ({ ...launch, wall_ms: 20_000 })],
  ...GROUPS.map((group): [Wall, Weaken] => [`filter of ${group}`, unfiltered(group)]),
]);

const withArgv = (launch: Launch, argv: string[]): Launch => ({ ...launch, argv });

/** Takes all of a flag away, with so many values; throws where there is none. */
function without(launch: Launch, flag: string, values: number): Launch {
  const argv = [...launch.argv];
  for (let at = flagAt(argv, flag); at !== -1; at = argv.lastIndexOf(flag, stubAt(argv))) {
    argv.splice(at, values + 1);
  }
  return withArgv(launch, argv);
}

function flagAt(argv: string[], flag: string): number {
  const at = argv.lastIndexOf(flag, stubAt(argv));
  if (at === -1) throw new Error(`the sandbox has no ${flag}`);
  return at;
}

/** Where bubblewrap's own arguments end. */
const stubAt = (argv: string[]): number => argv.lastIndexOf("--", argv.indexOf("-c"));

function replaced(launch: Launch, from: string[], to: string[]): Launch {
  const argv = [...launch.argv];
  argv.splice(flagAt(argv, from[0]!), from.length, ...to);
  return withArgv(launch, argv);
}

function sharing(kind: string, launch: Launch): Launch {
  const kept = UNSHARED.filter((one) => one !== kind).map((one) => `--unshare-${one}`);
  return replaced(launch, ["--unshare-all"], kept);
}

/** A new /proc needs a new process namespace, and so does a first process of ours. */
const withoutProcesses = (launch: Launch): Launch =>
  replaced(without(launch, "--as-pid-1", 0), ["--proc", "/proc"], ["--bind", "/proc", "/proc"]);

const nesting = (launch: Launch): Launch => without(launch, "--disable-userns", 0);

function capable(launch: Launch): Launch {
  return replaced(nesting(launch), ["--cap-drop", "ALL"], ["--cap-add", "ALL"]);
}

/** bubblewrap is started with an empty environment, so one is planted, too. */
function leakingEnvironment(launch: Launch): Launch {
  const { program, argv } = without(launch, "--clearenv", 0);
  return { ...launch, program: "/usr/bin/env", argv: ["PLANTED_KEY=x", program, ...argv] };
}

function writable(launch: Launch): Launch {
  if (isNamespace(launch)) return remounted(launch, ["/sandbox", "/sandbox/usr", "/sandbox/etc"]);
  const argv = launch.argv.map((word, at) =>
    word === "--ro-bind" && ["/usr", "/etc"].includes(launch.argv[at + 2]!) ? "--bind" : word,
  );
  return replaced(withArgv(launch, argv), ["--remount-ro", "/"], []);
}

function writableDevices(launch: Launch): Launch {
  if (isNamespace(launch)) return remounted(launch, ["/sandbox/dev"]);
  const at = launch.argv.findIndex(
    (word, at) => word === "--remount-ro" && launch.argv[at + 1] === "/dev",
  );
  return withArgv(launch, launch.argv.toSpliced(at, 2));
}

const isNamespace = ({ program }: Launch) => program.endsWith("/nsenter");

/** As root the mounts are the workspace's, made before: they are changed where they are. */
function remounted(launch: Launch, places: string[]): Launch {
  for (const place of places) {
    const args = ["--mount=/proc/self/fd/3", "mount", "-o", "remount,bind,rw", place];
    const { status, stderr } = spawnSync("/usr/bin/nsenter", args, {
      stdio: ["ignore", "ignore", "pipe", launch.inherited[0]!],
    });
    if (status !== 0) throw new Error(`${place}: ${String(stderr)}`);
  }
  return launch;
}

function withoutBinds(launch: Launch, place: RegExp): Launch {
  const argv: string[] = [];
  for (let at = 0; at < launch.argv.length; at += 1) {
    const [word = "", , to = ""] = launch.argv.slice(at, at + 3);
    if (at < stubAt(launch.argv) && /^--(ro-)?bind$/.test(word) && place.test(to)) at += 2;
    else argv.push(word);
  }
  if (argv.length === launch.argv.length) throw new Error(`nothing is bound at ${place}`);
  return withArgv(launch, argv);
}

/** With the mode that stands before it. */
function unheld(launch: Launch): Launch {
  const at = flagAt(launch.argv, "--ro-bind-data");
  return withArgv(launch, launch.argv.toSpliced(at - 2, 5));
}

function inStub(launch: Launch, from: string | RegExp, to: string): Launch {
  const at = launch.argv.indexOf("-c") + 1;
  const stub = launch.argv[at]!;
  const weakened = stub.replace(from, to);
  if (weakened === stub) throw new Error(`the stub has no ${from}`);
  return withArgv(launch, launch.argv.with(at, weakened));
}

/** Without the rules of a group, and with capabilities: the kernel refuses some calls without them. */
function unfiltered(dropped: Group): Weaken {
  return (launch, scratch) => {
    const kept = RULES.filter(({ group }) => group !== dropped);
    const filter_path = join(scratch, `without-${dropped}.bpf`);
    const architecture = process.arch === "arm64" ? "arm64" : "x64";
    writeFileSync(filter_path, encodeFilter(compileFilter(kept, architecture)));
    const open = launch.argv.includes("--disable-userns") ? capable(launch) : launch;
    return { ...open, filter_path };
  };
}
