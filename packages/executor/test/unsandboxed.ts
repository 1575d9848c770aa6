/** Run as an ordinary user by `unsandboxed.test.ts`. Prints findings as JSON. */
import { hash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { openBench, processesWith, saying } from "./harness.ts";

const NAME = `unsandboxed-daemon-${process.pid}`;
const daemon = `sh -c 'echo up; sleep 270; :' ${NAME}`;
/** Hides its environment, its session and whose child it was. */
const PRCTL = process.arch === "arm64" ? 167 : 157;
const hidden = `fork and exit; POSIX::setsid(); syscall(${PRCTL}, 4, 0, 0, 0, 0); $| = 1; print qq(up\\n); sleep 270`;
const HIDDEN = `perl -MPOSIX -e '${hidden}' ${NAME}`;
const DAEMONS = `setsid ${daemon} & (setsid ${daemon} &)`;
/** The first is found while what began it lives. */
const FORGETFUL = `env -i setsid ${daemon} & ${DAEMONS}; ${HIDDEN}`;
const ALL_UP = "up\n".repeat(4);

const bench = await openBench({ unsandboxed: true });
try {
  const report = await bench.link().selfTest();
  const plain = await bench.exited(
    "id -u; pwd; cat; ulimit -c; echo $MAINSTAY_COMMAND; ls /proc/self/fd | wc -l",
    {
      stdin: "given\n",
    },
  );
  const outside = join(bench.home, "..", "outside");
  mkdirSync(outside);
  const wrote = await bench.exited(["sh", "-c", `echo kept > ${outside}/file; exit 3`]);
  const daemons = await bench.exited(DAEMONS);
  const left = processesWith(NAME);
  const long = bench.ticket(`${FORGETFUL}; sleep 270`);
  const standing = saying(bench.link(), long.plan.command_id, ALL_UP);
  await bench.link().run(long);
  await standing;
  const before = processesWith(NAME).length;
  const began_ms = systemClock.monotonic();
  await bench.link().cancel(long.plan.command_id);
  const cancelled = await bench.link().wait(long.plan.command_id);
  const took_ms = systemClock.monotonic() - began_ms;
  writeFileSync(join(bench.workspace, "s.sh"), "echo evil\n");
  const sha256 = hash("sha256", "echo agreed\n", "hex");
  const pins = [{ path: "s.sh", hold: true, sha256 }];
  const refused = await bench.link().run(bench.ticket("sh s.sh", { pins }));
  const orphan = bench.ticket(`${FORGETFUL}; sleep 270`);
  const orphaned = saying(bench.link(), orphan.plan.command_id, ALL_UP);
  await bench.link().run(orphan);
  await orphaned;
  process.kill(bench.link().pid, "SIGKILL");
  await bench.link().closed;
  await bench.relaunch();
  const recovered = await bench.link().state(orphan.plan.command_id);
  const findings = {
    ...{ report, plain, wrote, kept: readFileSync(join(outside, "file"), "utf8") },
    ...{ daemons, left, before, cancelled, took_ms, refused, recovered },
    ...{ after: processesWith(NAME), workspace: bench.workspace },
  };
  // With a sandbox it is another executor: this one is idle, so it goes.
  const pid = bench.link().pid;
  await bench.relaunch({ unsandboxed: false });
  const sandboxed = await bench.exited("true");
  console.log(JSON.stringify({ ...findings, replaced: bench.link().pid !== pid, sandboxed }));
} finally {
  await bench.close();
}
