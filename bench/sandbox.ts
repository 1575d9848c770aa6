import { spawn } from "node:child_process";
import type { Clock } from "@mainstay/sdk/clock";
import { type Bench, openBench } from "../packages/executor/test/harness.ts";
import { type Claim, ours } from "./claim.ts";
import { median, percentile, type Sample } from "./sample.ts";

const ROUNDS = 150;
const WARM_UP = 15;
const AT_ONCE = 8;
const COMMANDS = 400;

/**
 * The way of one command through a real executor, from a signed ticket to its end, beside bubblewrap
 * started bare by this process: both in turns in one run, because the machine has better and worse
 * minutes.
 */
export async function measureSandbox(clock: Clock): Promise<Claim[]> {
  const bench = await openBench();
  try {
    const alone = () => timed(clock, () => bubblewrapAlone(bench.workspace));
    const ticketed = () => timed(clock, () => bench.exited("true"));
    for (let n = 0; n < WARM_UP; n++) await alone().then(ticketed);
    const bare: number[] = [];
    const ours_ms: number[] = [];
    const listed_ms: number[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      ours_ms.push(await ticketed());
      bare.push(await alone());
      listed_ms.push(await timed(clock, () => bench.exited("true", { network: { hosts: [] } })));
    }
    return [
      ...latency(ours_ms, bare),
      {
        claim: "… of a command that runs code: with a proxy that only says what it wanted, p50",
        ...{ n: listed_ms.length, measured: median(listed_ms), unit: "ms", target: null },
        note: spread(listed_ms),
      },
      await throughput(bench, clock),
    ];
  } finally {
    await bench.close();
  }
}

const spread = (sample: Sample): string =>
  [10, 90, 99].map((of) => `p${of} ${percentile(sample, of).toFixed(1)}`).join(", ");

function latency(ours_ms: Sample, bare_ms: Sample): Claim[] {
  return [
    {
      claim: "sandboxed `true`, from ticket to result, p50",
      ...{ n: ours_ms.length, measured: median(ours_ms), unit: "ms" },
      ...{ target: ours("at most", 12), note: spread(ours_ms) },
    },
    {
      claim: "… over bubblewrap alone, started by Node.js in the same run, p50",
      ...{ n: bare_ms.length, measured: median(ours_ms) - median(bare_ms), unit: "ms" },
      target: ours("at most", 5),
      note: `bubblewrap alone p50 ${median(bare_ms).toFixed(1)} ms, ${spread(bare_ms)}`,
    },
  ];
}

async function throughput(bench: Bench, clock: Clock): Promise<Claim> {
  const from_ms = clock.monotonic();
  let asked = 0;
  const one = async () => {
    while (asked++ < COMMANDS) await bench.exited("true");
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return {
    claim: `sandboxed commands a second, ${AT_ONCE} at once`,
    ...{ n: COMMANDS, measured: COMMANDS / ((clock.monotonic() - from_ms) / 1000) },
    ...{
      unit: "commands/s",
      target: ours("at least", 80),
      note: "ticket, markers and chain included",
    },
  };
}

async function timed(clock: Clock, work: () => Promise<unknown>): Promise<number> {
  const from_ms = clock.monotonic();
  await work();
  return clock.monotonic() - from_ms;
}

/** The same isolation with the least that a shell needs, and neither filter nor limits. */
const BARE = [
  ...["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"],
  ...["--hostname", "mainstay", "--cap-drop", "ALL", "--new-session", "--die-with-parent"],
  ...["--as-pid-1", "--clearenv", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"],
  ...["--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc"],
  ...["--dev", "/dev", "--tmpfs", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/"],
];

function bubblewrapAlone(workspace: string): Promise<void> {
  const argv = [...BARE, "--bind", workspace, workspace, "--chdir", workspace];
  return new Promise((resolve, reject) => {
    const child = spawn("bwrap", [...argv, "--", "/bin/bash", "-c", "true"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`bubblewrap alone: exit ${code}`)),
    );
  });
}
