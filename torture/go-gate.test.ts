/**
 * The executor is killed a few milliseconds after it spawned a sandbox: before the command's gate
 * was opened, while it opens, after. Nothing is orphaned, doubled or misreported.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import type { CommandState } from "../packages/executor/src/command.ts";
import { openBench, type Bench } from "../packages/executor/test/harness.ts";
import { orphansWith, pids, processOf } from "./footprint.ts";
import { report, rounds } from "./plan.ts";

const DELAYS_MS = [0, 2, 5, 12];
const LIMIT_MS = rounds({ short: 120_000, long: 7_200_000 });

interface Killed {
  /** What the next executor says, against what really happened. */
  verdict: "honest" | "denies an effect" | "ran twice" | "claims an end";
  /** Processes of the command that the dead executor's successor found alive and left. */
  orphans: number;
  told: "no" | "partly" | "maybe" | "never" | "ended";
}

function judge(state: CommandState, effects: number): Pick<Killed, "verdict" | "told"> {
  const end = state.state === "ended" ? state.end : null;
  const told =
    end?.outcome === "interrupted" ? end.ran : state.state === "never" ? "never" : "ended";
  if (effects > 1) return { verdict: "ran twice", told };
  if (told === "ended") return { verdict: "claims an end", told };
  const denied = told !== "maybe" && effects > 0;
  return { verdict: denied ? "denies an effect" : "honest", told };
}

/** Runs one command, kills the executor when `due` resolves after the spawn, and asks the next one. */
async function killAfterSpawn(bench: Bench, due: (effects: () => number) => Promise<void>) {
  const { command_id } = bench.ticket("true").plan;
  const word = `${basename(dirname(bench.workspace))}:${command_id}`;
  const effects_file = join(bench.workspace, `effects-${command_id}`);
  const effects = () => (existsSync(effects_file) ? readFileSync(effects_file, "utf8").length : 0);
  const ticket = bench.ticket(`printf x >> effects-${command_id}; sleep 60; : ${word}`, {
    command_id,
  });
  const others = new Set(pids());
  const answer = bench
    .link()
    .run(ticket)
    .catch(() => {});
  while (!hasBegun(word, others)) await new Promise(setImmediate);
  await due(effects);
  const { pid, closed } = bench.link();
  process.kill(pid, "SIGKILL");
  await closed;
  await answer;
  const next = await bench.relaunch();
  expect(next.pid).not.toBe(pid);
  const orphans = await orphansWith(word);
  const found = judge(await next.state(command_id), effects());
  const again = await next.run(ticket);
  const settled = { ...found, ...(effects() > 1 && { verdict: "ran twice" as const }) };
  return { ...settled, again, again_id: command_id, orphans };
}

/** Looks at what is new only: on a machine with many processes the gate would be open before all were read. */
const hasBegun = (word: string, others: ReadonlySet<number>): boolean =>
  pids().some((pid) => !others.has(pid) && processOf(pid)?.command.includes(word));

test(
  `the executor is killed ${DELAYS_MS.join(", ")} ms after a spawn`,
  { timeout: LIMIT_MS },
  async () => {
    const bench = await openBench();
    onTestFinished(() => bench.close());
    const each = rounds({ short: 4, long: 60 });
    const found: Killed[] = [];
    for (const delay_ms of DELAYS_MS) {
      for (let round = 0; round < each; round += 1) {
        const killed = await killAfterSpawn(bench, () => clock.sleep(delay_ms));
        // What left no marker never began, so that its ticket is as good as unused.
        if (killed.told === "never") await bench.link().cancel(killed.again_id);
        else
          expect(killed.again).toMatchObject({ state: "ended", end: { outcome: "interrupted" } });
        found.push({ ...killed, orphans: killed.orphans.length });
      }
    }
    const wrong = found.filter(({ verdict }) => verdict !== "honest");
    const orphans = found.filter((each) => each.orphans > 0);
    const told = (what: Killed["told"]) => found.filter((each) => each.told === what).length;
    report(
      `executor killed ${DELAYS_MS.join(", ")} ms after a spawn`,
      found.length,
      `${orphans.length} orphans, ${wrong.length} misreported; told as never begun ${told("never")}, as not run ${told("no")}, as maybe ${told("maybe")}`,
    );
    expect([...wrong, ...orphans]).toEqual([]);
    expect(told("never") + told("no")).toBeGreaterThan(0);
    expect(told("never") + told("no") + told("maybe")).toBe(DELAYS_MS.length * each);
  },
);

test("planted: with the gate open from the start an effect is denied", async () => {
  using ungated = ungatedBubblewrap();
  const bench = await openBench({ bubblewrap_path: ungated.program });
  onTestFinished(() => bench.close());
  const killed = await killAfterSpawn(bench, async (effects) => {
    while (effects() === 0) await new Promise(setImmediate);
  });
  for (const pid of killed.orphans) process.kill(pid, "SIGKILL");
  expect(killed).toMatchObject({ verdict: "denies an effect" });
});

/** It says go before anybody has looked, to every command but the executor's own test. */
function ungatedBubblewrap() {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-ungated-"));
  chmodSync(folder, 0o755);
  const program = join(folder, "bwrap");
  const script = `#!/bin/sh
case "$*" in *mainstay:*:self-test*) exec /usr/bin/bwrap "$@" ;; esac
exec 3<<GATE
go
GATE
exec /usr/bin/bwrap "$@"
`;
  writeFileSync(program, script, { mode: 0o755 });
  return { program, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
