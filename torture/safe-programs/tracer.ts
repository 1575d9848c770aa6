/**
 * Runs a script in the executor's own composition of the sandbox, followed by strace from outside.
 * Its gate and its filter are left out: the filter would forbid to be followed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose } from "@mainstay/executor/sandbox/compose";
import { keepEtc } from "@mainstay/executor/sandbox/etc";
import { readHostLayout } from "@mainstay/executor/sandbox/host-layout";
import { rounds } from "../plan.ts";
import { readTrace, type SystemCall, stringOf } from "./trace.ts";

/** The sandbox's start counts: beside others it may take most of the shorter one. */
const LIMIT_MS = rounds({ short: 30_000, long: 4_000 });
const SHELL = "/bin/bash";
const CALLS = [
  "%file,%network,execveat,ftruncate,fchmod,fchown,fallocate,fsetxattr,fremovexattr",
  "memfd_create,open_by_handle_at,io_uring_setup,bpf,ptrace,process_vm_writev,setns,unshare",
].join(",");

export interface Traced {
  /** Of the script alone, from the moment its shell was executed. */
  readonly calls: readonly SystemCall[];
  /** It was killed because it would not end. */
  readonly is_endless: boolean;
}

export interface Tracer {
  /** Rejects when the script's shell never began. */
  run(script: string, workspace: string): Promise<Traced>;
  close(): Promise<void>;
}

export function createTracer(): Tracer {
  const own_folder = mkdtempSync(join(tmpdir(), "mainstay-traces-"));
  const etc_folder = keepEtc(own_folder)();
  const nowhere = join(own_folder, "nowhere");
  const host = { ...readHostLayout({ user_home: nowhere, time_zone: "UTC" }), shell: SHELL };
  const toolchains = { shown: [], path: { before: [], after: [] }, variables: {} };
  const cache_folder = mkdtempSync(join(own_folder, "cache-"));
  let count = 0;

  function sandbox(script: string, path: string): string[] {
    const composed = compose({
      gate_name: "traced",
      run: { kind: "script", script },
      profile: "agent",
      workspace: { path, identity: "", pins: [] },
      held: [],
      way_out: null,
      openings: [],
      place: { kind: "host", etc_folder, cache_folder, ripgrep_folder: null, toolchains },
      host,
    });
    const flags = composed.slice(0, composed.indexOf("--"));
    for (const flag of ["--info-fd", "--seccomp"]) flags.splice(flags.indexOf(flag), 2);
    return [...flags.filter((flag) => flag !== "--as-pid-1"), "--", SHELL, "-c", script];
  }

  return {
    async run(script, workspace) {
      const file = join(own_folder, String(count++));
      const how = ["-f", "--seccomp-bpf", "-qq", "-y", "-s", "120", "-e", "signal=none"];
      const child = spawn(
        "strace",
        [...how, "-e", `trace=${CALLS}`, "-o", file, "bwrap", ...sandbox(script, workspace)],
        { stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS, killSignal: "SIGKILL" },
      );
      // Pipes that are read: to /dev/null programs would do less.
      child.stdout.resume();
      child.stderr.resume();
      const [, signal] = (await once(child, "exit")) as [number | null, string | null];
      const calls = ofScript(readTrace(await readFile(file, "latin1")));
      await rm(file);
      if (calls === null) throw new Error(`the sandbox did not begin: ${script}`);
      return { calls, is_endless: signal !== null };
    },
    close: () => rm(own_folder, { recursive: true, force: true }),
  };
}

/** What follows the shell's execve, without bubblewrap's own processes. */
function ofScript(calls: readonly SystemCall[]): SystemCall[] | null {
  const start = calls.findIndex(
    ({ name, args, result }) => name === "execve" && stringOf(args[0]) === SHELL && result === "0",
  );
  if (start === -1) return null;
  const shell = calls[start]!.pid;
  const others = new Set(calls.slice(0, start).map(({ pid }) => pid));
  others.delete(shell);
  return calls.slice(start).filter(({ pid }) => !others.has(pid));
}
