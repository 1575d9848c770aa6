/** Commands that take all they can get, through a real executor; what looks decide is in `bounds.test.ts`. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesInMemory } from "../src/bounds/disk-use.ts";
import { readProcesses } from "../src/process-table.ts";
import { VOLATILE } from "../src/sandbox/compose.ts";
import { gateNames } from "../src/sandbox/gate.ts";
import { openBench, processesWith, saying, type Bench } from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const LIMITS = "echo $(ulimit -u) $(ulimit -n) $(ulimit -c) $(ulimit -f) $(ulimit -d) $(ulimit -t)";

test("the stub sets limits, and the kernel's own choice falls on commands first", async () => {
  const { output } = await bench.exited(["bash", "-c", `${LIMITS}; cat /proc/self/oom_score_adj`]);
  // Files in KiB, data in KiB, processor time in seconds.
  expect(output).toBe("1024 4096 0 4194304 2097152 86400\n700\n");
});

test("no limit can be raised again", async () => {
  const raise = "ulimit -u 2048 || ulimit -d unlimited || ulimit -t unlimited || echo no";
  const { output } = await bench.exited(["bash", "-c", `(${raise}) 2>/dev/null`]);
  expect(output).toBe("no\n");
});

test("a fork loop ends at the bound of processes, and all of them with their command", async () => {
  const forks = "my $n = 0; while (1) { my $p = fork; defined $p or last; $p or sleep 600; $n++ }";
  const word = `fork-loop-${randomBytes(4).toString("hex")}`;
  const { output } = await bench.exited(["perl", "-e", `${forks} print "$n ${word}"`]);
  const count = Number(/^(\d+) /.exec(output)?.[1]);
  expect(count).toBeGreaterThan(900);
  expect(count).toBeLessThan(1024);
  expect(processesWith(word)).toEqual([]);
});

test("memory that no process maps is not to be had, and files in memory are counted", async () => {
  const script = `perl -e '$n = "x"; print syscall(319, $n, 0), syscall(29, 0, 1 << 20, 01600)';
    head -c 20M /dev/zero > /tmp/file; head -c 10M /dev/zero > ~/file; echo filled; sleep 600`;
  const ticket = bench.ticket(script);
  const { command_id } = ticket.plan;
  const filled = saying(bench.link(), command_id, "filled");
  await bench.link().run(ticket);
  const said = await filled;
  const name = gateNames(bench.home)(command_id);
  const inside = readProcesses().findByArgument((argument) => argument === name);
  const counted = inside.map(({ pid }) =>
    filesInMemory(
      pid,
      VOLATILE.map(({ path }) => path),
    ),
  );
  await bench.link().cancel(command_id);
  await bench.link().wait(command_id);
  if (process.arch === "x64") expect(said).toBe("-1-1filled\n");
  expect(Math.max(...counted)).toBeGreaterThanOrEqual(30 << 20);
  expect(Math.max(...counted)).toBeLessThan(31 << 20);
});

test("one process gets no more data than its limit, and its command goes on", async () => {
  const take = 'my $x = ""; vec($x, 2 << 30, 8) = 1; print "taken"';
  const end = await bench.exited(`perl -e '${take}' || echo refused`);
  expect(end).toMatchObject({ exit_code: 0, exceeded: null });
  expect(end.output).toMatch(/^Out of memory.*refused\n$/s);
});
