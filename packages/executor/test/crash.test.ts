/** The executor is killed at any moment: nothing is orphaned, doubled, or misreported. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandEnd, CommandState } from "../src/command.ts";
import { openBench, processesWith, type Bench } from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const effectsOf = (command_id: string) => {
  const file = join(bench.workspace, `effects-${command_id}`);
  return existsSync(file) ? readFileSync(file, "utf8").length : 0;
};

/** What a recovered state claims, against what really happened. */
function judge(state: CommandState, effects: number): string {
  if (effects > 1) return "ran twice";
  if (state.state === "never") return effects === 0 ? "honest" : "denies an effect";
  const end: CommandEnd | null = state.state === "ended" ? state.end : null;
  if (end?.outcome !== "interrupted") return `not interrupted: ${JSON.stringify(state)}`;
  return end.ran === "no" && effects > 0 ? "denies an effect" : "honest";
}

async function killAfterSpawn(delay_ms: number): Promise<"no" | "maybe" | "never"> {
  const ticket = bench.ticket("", {});
  const { command_id } = ticket.plan;
  const word = `${basename(dirname(bench.workspace))}:${command_id}`;
  const script = `printf x >> effects-${command_id}; sleep 60; : ${word}`;
  const mine = bench.ticket(script, { command_id });
  const answer = bench
    .link()
    .run(mine)
    .catch(() => {});
  while (processesWith(word).length === 0) await new Promise(setImmediate);
  if (delay_ms > 0) await clock.sleep(delay_ms);
  const { pid, closed } = bench.link();
  process.kill(pid, "SIGKILL");
  await closed;
  await answer;
  const next = await bench.relaunch();
  expect(next.pid).not.toBe(pid);
  expect(processesWith(word)).toEqual([]);
  const state = await next.state(command_id);
  expect(judge(state, effectsOf(command_id))).toBe("honest");
  expect(await next.run(mine)).toMatchObject({ state: "ended", end: { outcome: "interrupted" } });
  expect(effectsOf(command_id)).toBeLessThanOrEqual(1);
  return state.state === "ended" && state.end.outcome === "interrupted" ? state.end.ran : "never";
}

test("killed 0, 2, 5 and 12 ms after a spawn, ten times each", { timeout: 120_000 }, async () => {
  const seen: string[] = [];
  for (const delay_ms of [0, 2, 5, 12]) {
    for (let round = 0; round < 10; round += 1) seen.push(await killAfterSpawn(delay_ms));
  }
  expect(seen).toHaveLength(40);
  expect(seen.filter((ran) => ran === "no").length).toBeGreaterThan(0);
});

test("planted: without the durable marker before the go, recovery denies an effect", async () => {
  await bench.close();
  bench = await openBench();
  await bench.link().close();
  chmodSync(bench.workspace, 0o777);
  const ungated = spawn(
    process.execPath,
    [fileURLToPath(new URL("ungated.ts", import.meta.url)), bench.home, bench.workspace],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await new Promise((resolve) => ungated.stdout.once("data", resolve));
  const died = new Promise((resolve) => ungated.once("exit", resolve));
  ungated.kill("SIGKILL");
  await died;
  const next = await bench.relaunch();
  const effects = readFileSync(join(bench.workspace, "effects"), "utf8") === "ran\n" ? 1 : 0;
  expect(judge(await next.state("ungated"), effects)).toBe("denies an effect");
});
