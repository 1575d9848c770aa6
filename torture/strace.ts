/** Faults of system calls, by `strace --inject` on a process that runs already. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Trace {
  /** Resolves when the fault has struck for the first time. */
  readonly struck: Promise<void>;
  has_struck(): boolean;
  /** Resolves when strace has ended and all that it said was heard: the process is gone, or `detach` was called. */
  readonly ended: Promise<void>;
  /** Ends the fault. Idempotent. */
  detach(): Promise<void>;
}

export interface Injection {
  /** System calls, as in `fsync,fdatasync`. */
  readonly calls: string;
  /** As in `error=EIO` or `signal=SIGKILL:when=3`; `when` counts the calls of each thread. */
  readonly fault: string;
  /** Only calls on these files. */
  readonly files?: readonly string[];
  /** Only this thread. */
  readonly thread?: number;
}

/** Resolves when every thread of the process is traced, or the one that is to be. */
export async function inject(
  pid: number,
  { calls, fault, files = [], thread }: Injection,
): Promise<Trace> {
  const traced = thread === undefined ? ["-f", "-p", `${pid}`] : ["-p", `${thread}`];
  const child = spawn(
    "strace",
    [
      ...[...traced, "-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}`],
      ...files.flatMap((file) => ["-P", file]),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(child, "close").then(() => undefined);
  const attached = Promise.withResolvers<void>();
  const struck = Promise.withResolvers<void>();
  const said: string[] = [];
  let has_struck = false;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (said.length < 20) said.push(line);
    if (line.includes("attached")) attached.resolve();
    if (!line.includes("(INJECTED)") && !line.includes("killed by SIGKILL")) return;
    has_struck = true;
    struck.resolve();
  });
  void ended.then(() => attached.reject(new Error(`strace ended: ${said.join("; ")}`)));
  await attached.promise;
  return {
    struck: struck.promise,
    has_struck: () => has_struck,
    ended,
    async detach() {
      child.kill("SIGINT");
      await ended;
    },
  };
}
