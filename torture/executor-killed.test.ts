/**
 * The executor is killed while commands run and print: each is told as interrupted, with all that
 * anybody had seen of it, nothing runs again, and no process is left.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import type { Ticket } from "../packages/executor/src/ticket.ts";
import { openBench, type Bench } from "../packages/executor/test/harness.ts";
import { orphansWith } from "./footprint.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const AT_ONCE = 3;
const LIMIT_MS = rounds({ short: 120_000, long: 7_200_000 });
/** Few lines, and more than is kept of them. */
const PAUSES_EVERY_LINES = [5, 2_000];

interface Interrupted {
  outcome: string;
  /** What is wrong with the output that is told, or null. */
  output_fault: string | null;
  truncated: boolean;
  effects: number;
  leaked: number;
}

/** What the command prints without end. */
function linesUpTo(length: number): string {
  let text = "";
  for (let line = 1; text.length < length; line += 1) text += `line ${line}\n`;
  return text;
}

/** `heard` units had been told live. */
function outputFault(output: string | undefined, heard: number): string | null {
  if (output === undefined || output.length === 0) return "nothing of it is told";
  const [, head = output, left_out = "0", tail = ""] =
    /^([^]*)\n\[(\d+) bytes left out\]\n([^]*)$/.exec(output) ?? [];
  const total = head.length + Number(left_out) + tail.length;
  if (total < heard) return `${heard - total} of what was seen is not told`;
  const truth = linesUpTo(total).slice(0, total);
  if (!truth.startsWith(head)) return "its head is not what was printed";
  return truth.endsWith(tail) ? null : "its tail is not what was printed";
}

function printing(bench: Bench, pause_every: number): Ticket {
  const { command_id } = bench.ticket("true").plan;
  const script = `printf x >> effects-${command_id}
i=0
while :; do i=$((i+1)); echo "line $i"; [ $((i % ${pause_every})) = 0 ] && sleep 0.02; done
: ${wordOf(bench, command_id)}`;
  return bench.ticket(script, { command_id, limits: { wall_ms: 60_000, output_bytes: 4096 } });
}

const wordOf = (bench: Bench, command_id: string) =>
  `${basename(dirname(bench.workspace))}:${command_id}`;

/** `meddle` comes between the death of the executor and the start of the next. */
async function killWhilePrinting(
  bench: Bench,
  random: () => number,
  meddle: () => void,
): Promise<Interrupted[]> {
  const link = bench.link();
  const heard = new Map<string, number>();
  const tickets = Array.from({ length: AT_ONCE }, () =>
    printing(bench, PAUSES_EVERY_LINES[Math.floor(random() * PAUSES_EVERY_LINES.length)]!),
  );
  const all_print = Promise.withResolvers<void>();
  link.onOutput((command_id, offset, text) => {
    heard.set(command_id, offset + text.length);
    if (heard.size === AT_ONCE) all_print.resolve();
  });
  for (const ticket of tickets) {
    expect(await link.run(ticket)).toEqual({ state: "started" });
  }
  await all_print.promise;
  await clock.sleep(random() * 100);
  process.kill(link.pid, "SIGKILL");
  await link.closed;
  meddle();
  const next = await bench.relaunch();
  return Promise.all(
    tickets.map(async (ticket) => {
      const { command_id } = ticket.plan;
      const leaked = (await orphansWith(wordOf(bench, command_id))).length;
      const answer = await next.run(ticket);
      if (answer.state !== "ended") throw new Error(JSON.stringify(answer));
      const { end } = answer;
      expect(await next.state(command_id)).toEqual({ state: "ended", end });
      const told = end.outcome === "interrupted" ? end : null;
      const effects = join(bench.workspace, `effects-${command_id}`);
      return {
        outcome: told === null ? end.outcome : `${told.outcome}, ${told.ran}`,
        output_fault: outputFault(told?.output, heard.get(command_id) ?? 0),
        truncated: told?.output_truncated ?? false,
        effects: existsSync(effects) ? readFileSync(effects, "utf8").length : 0,
        leaked,
      };
    }),
  );
}

const isRight = ({ outcome, output_fault, effects, leaked }: Interrupted) =>
  outcome === "interrupted, maybe" && output_fault === null && effects === 1 && leaked === 0;

test("the executor is killed while commands print", { timeout: LIMIT_MS }, async () => {
  const bench = await openBench();
  onTestFinished(() => bench.close());
  const random = seeded(seed);
  const kills = rounds({ short: 3, long: 30 });
  const found: Interrupted[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    found.push(...(await killWhilePrinting(bench, random, () => {})));
  }
  const wrong = found.filter((each) => !isRight(each));
  const truncated = found.filter((each) => each.truncated).length;
  report(
    `executor killed while ${AT_ONCE} commands print`,
    kills,
    `${found.length} commands (${truncated} told by head and tail), ${wrong.length} lost, doubled or leaked`,
  );
  expect(found).toHaveLength(kills * AT_ONCE);
  expect(wrong).toEqual([]);
});

test("planted: without the spool what was seen is not told", async () => {
  const bench = await openBench();
  onTestFinished(() => bench.close());
  const spool = join(bench.home, "exec", "spool");
  const found = await killWhilePrinting(bench, seeded(seed), () => {
    rmSync(spool, { recursive: true });
  });
  expect(found.map(({ output_fault }) => output_fault)).toEqual(
    Array.from({ length: AT_ONCE }, () => "nothing of it is told"),
  );
  expect(found.some(isRight)).toBe(false);
});
