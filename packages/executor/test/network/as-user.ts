/** Run as an ordinary user by `as-user.test.ts`. Prints what commands with a network did, as JSON. */
import { openBench, processesWith, statusOf } from "../harness.ts";
import { grant } from "./open-world.ts";

const registry = process.argv[2];
const bench = await openBench();
try {
  const refused = await bench.exited("curl -sS --max-time 20 http://one.example.org/", {
    network: { hosts: [] },
  });
  const [proxy] = processesWith(`network/main.ts`).filter(
    (pid) => /^PPid:\t(\d+)/m.exec(statusOf(pid))?.[1] === String(bench.link().pid),
  );
  const uids = /^Uid:\t(.*)$/m.exec(statusOf(proxy!))?.[1];
  const seen = await bench.exited(`ls ${bench.home} /run; ls /net`, { network: { hosts: [] } });
  const installed =
    registry === undefined
      ? null
      : await bench.exited("npm init -y >/dev/null && npm install is-odd && ls node_modules", {
          network: { hosts: [grant(new URL(registry).hostname)] },
          limits: { wall_ms: 100_000, output_bytes: 1 << 16 },
        });
  console.log(JSON.stringify({ refused, uids, seen, installed }));
} finally {
  await bench.close();
}
