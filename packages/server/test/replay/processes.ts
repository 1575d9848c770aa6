import { readdir, readFile, readlink } from "node:fs/promises";

/** A process of this host, as /proc tells it. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Its working folder. */
  readonly folder: string;
}

export async function processes(): Promise<Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => processOf(pid).catch(gone)));
  return found.filter((one) => one !== null);
}

/** All that descend from `ancestor`, or work below one of `folders` wherever they come from. */
export function belonging(
  all: readonly Process[],
  ancestor: number,
  folders: readonly string[],
): Process[] {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const descends = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || descends(parent));
  };
  const worksThere = ({ folder }: Process) =>
    folders.some((root) => folder === root || folder.startsWith(`${root}/`));
  return all.filter((one) => descends(one.pid) || worksThere(one));
}

/** The executor of the server whose home this is. */
export const executorOf = (all: readonly Process[], home: string): Process | undefined =>
  all.find(({ command }) => command.includes("packages/executor/") && command.includes(home));

/** Proportional set size: shared pages count in part. */
export async function pssBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1_024;
}

async function processOf(pid: string): Promise<Process> {
  const [stat, command, folder] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/cmdline`, "utf8"),
    readlink(`/proc/${pid}/cwd`).catch(() => ""),
  ]);
  // The name in parentheses may hold spaces and parentheses itself.
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid: Number(pid),
    parent: Number(parent),
    command: command.replaceAll("\0", " "),
    folder,
  };
}

function gone(fault: NodeJS.ErrnoException): null {
  if (fault.code === "ENOENT" || fault.code === "ESRCH") return null;
  throw fault;
}
