/** Run as an ordinary user by `as-user.test.ts`. argv: the uid expected. Prints findings as JSON. */
import { readFileSync, statSync } from "node:fs";
import { openBench, processesWith } from "./harness.ts";

const bench = await openBench();
try {
  const report = await bench.link().selfTest();
  const ticket = bench.ticket("sleep 0.3; : as-user-probe");
  await bench.link().run(ticket);
  const host_uids = processesWith("as-user-probe").map(
    (pid) => /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1],
  );
  await bench.link().wait(ticket.plan.command_id);
  const wrote = await bench.exited("id -u; echo mine > file; cat file; ls /proc/self/fd | wc -l");
  const daemon = await bench.exited("setsid sh -c 'sleep 60; : as-user-daemon' & sleep 0.1");
  const reopened = await bench.exited("echo reopened > /dev/stderr; chmod 4755 file");
  const closed = await bench.exited("mkdir .git; echo x > .git/commondir; chmod 0 .git; chmod 0 .");
  const owner = statSync(`${bench.workspace}/file`).uid;
  const findings = {
    report,
    host_uids,
    wrote,
    daemon,
    reopened,
    closed,
    owner,
    left: processesWith("as-user-daemon"),
  };
  console.log(JSON.stringify(findings));
} finally {
  await bench.close();
}
