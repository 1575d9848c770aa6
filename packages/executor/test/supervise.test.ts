/** One command under supervision, here without a sandbox: its output, its limits, its end. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { soon, systemClock as clock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { keepOutput } from "../src/output.ts";
import { openProcessTable } from "../src/process-table.ts";
import { supervise, type SuperviseParts } from "../src/supervise.ts";

/** What bubblewrap and the gate's stub say, then the command in the place of the stub. */
const STUB = `echo '{"child-pid": '$$'}' >&4; echo ready >&3; read -r go <&3; exec 3>&- 4>&-`;

function start(command: string, parts: Partial<SuperviseParts> = {}, wall_ms = 60_000) {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-supervise-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [output_fifo, filter_path] = [join(folder, "fifo"), join(folder, "filter")];
  execFileSync("mkfifo", [output_fifo]);
  writeFileSync(filter_path, "");
  const launch = {
    ...{ program: "/bin/sh", argv: ["-c", `${STUB}; ${command}`], inherited: [], data: [] },
    ...{ stdin: null, output_fifo, filter_path, wall_ms },
  };
  return supervise(launch, {
    processes: openProcessTable((pid) => process.kill(pid, "SIGKILL")),
    clock,
    beforeGo: () => Promise.resolve(),
    output: keepOutput(4096),
    ...parts,
  });
}

test("what prints without end is killed at its bound", async () => {
  const { end } = start("exec yes", { print_limit_bytes: 8 << 20 });
  const outcome = await end;
  expect(outcome).toMatchObject({
    ...{ result: "ran", exit_code: null, output_truncated: true },
    halt: { cause: "exceeded", bound: "output", why: "more than 8388608 bytes" },
  });
});

test("between two pieces of a flood everything else has its turn", async () => {
  const kept = keepOutput(4096);
  let turn = 0;
  let is_over = false;
  const turns: number[] = [];
  soon(function next() {
    turn += 1;
    if (!is_over) soon(next);
  });
  const { end } = start("exec head -c 8000000 /dev/zero", {
    output: {
      ...kept,
      push(piece) {
        turns.push(turn);
        kept.push(piece);
      },
    },
  });
  expect(await end).toMatchObject({ exit_code: 0, output_bytes: 8_000_000 });
  is_over = true;
  expect(turns.length).toBeGreaterThan(100);
  expect(new Set(turns).size).toBe(turns.length);
});

test("a limit that is extended holds from then on; one that is reached does not move", async () => {
  const { let_go, end, extend, progress } = start("exec sleep 60", {}, 60_000);
  expect(await let_go).toBe(true);
  expect(extend(120_000)).toBe(true);
  expect(progress().wall_ms).toBe(120_000);
  expect(extend(1)).toBe(true);
  expect(await end).toMatchObject({ halt: { cause: "timed_out" }, exit_code: null });
  expect(extend(60_000)).toBe(false);
});

test("an extension before the first limit keeps the command alive; a halt asks nobody and waits for no timer", async () => {
  const timers: { delay_ms: number; run: () => void; is_stopped: boolean }[] = [];
  const by_hand = {
    ...clock,
    after(delay_ms: number, run: () => void) {
      const timer = { delay_ms, run, is_stopped: false };
      timers.push(timer);
      return () => void (timer.is_stopped = true);
    },
  };
  const { let_go, end, extend, halt } = start(
    "trap '' TERM INT; exec sleep 60",
    { clock: by_hand },
    30_000,
  );
  expect(await let_go).toBe(true);
  expect(extend(90_000)).toBe(true);
  const limits = timers.filter(({ delay_ms }) => delay_ms > 20_000);
  expect(limits.map(({ is_stopped }) => is_stopped)).toEqual([true, false]);
  expect(limits[1]!.delay_ms).toBeGreaterThan(80_000);
  halt({ cause: "cancelled" });
  expect(await end).toMatchObject({ halt: { cause: "cancelled" } });
});
