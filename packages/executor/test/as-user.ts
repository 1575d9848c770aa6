/** Run as an ordinary user by `as-user.test.ts`. argv: the uid expected. Prints findings as JSON. */
import { hash } from "node:crypto";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openBench, processesWith, registration, saying, statusOf } from "./harness.ts";

const AGREED = "#!/bin/sh\necho agreed\n";
const bench = await openBench();
try {
  const report = await bench.link().selfTest();
  const ticket = bench.ticket("echo up; sleep 60; : as-user-probe");
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  const host_uids = processesWith("as-user-probe").map(
    (pid) => /^Uid:\s+(\d+)/m.exec(statusOf(pid))?.[1],
  );
  await bench.link().cancel(ticket.plan.command_id);
  await bench.link().wait(ticket.plan.command_id);
  const wrote = await bench.exited("id -u; echo mine > file; cat file; ls /proc/self/fd | wc -l");
  const daemon = await bench.exited("setsid sh -c 'sleep 60; : as-user-daemon' & sleep 0.1");
  const reopened = await bench.exited("echo reopened > /dev/stderr; chmod 4755 file");
  const pin = (text: string) => ({ path: "s.sh", hold: true, sha256: hash("sha256", text, "hex") });
  writeFileSync(`${bench.workspace}/s.sh`, AGREED, { mode: 0o755 });
  const held = await bench.exited("./s.sh; echo evil > s.sh; ls /proc/self/fd | wc -l", {
    pins: [pin(AGREED)],
  });
  const other = join(dirname(bench.workspace), "other");
  mkdirSync(other);
  writeFileSync(`${other}/notes`, "theirs\n");
  await bench.link().registerOpening(registration("other", other));
  const opened = await bench.exited(`cat ${other}/notes; echo x > ${other}/new`, {
    openings: ["other"],
  });
  const refused = await bench.link().run(bench.ticket("./s.sh", { pins: [pin("other")] }));
  const closed = await bench.exited("mkdir .git; echo x > .git/commondir; chmod 0 .git; chmod 0 .");
  const owner = statSync(`${bench.workspace}/file`).uid;
  const findings = {
    report,
    host_uids,
    wrote,
    daemon,
    reopened,
    closed,
    held,
    refused,
    opened,
    owner,
    left: processesWith("as-user-daemon"),
  };
  console.log(JSON.stringify(findings));
} finally {
  await bench.close();
}
