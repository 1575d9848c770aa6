import { existsSync, readFileSync } from "node:fs";
import type { Clock } from "@mainstay/sdk/clock";
import { z } from "zod";
import { classify } from "../packages/server/src/execution/classify/classify.ts";
import { type Claim, ours } from "./claim.ts";
import { scratchFolder } from "./house.ts";
import { percentile } from "./sample.ts";

const EXAMPLES = new URL("../../shared/data/commands/examples.jsonl", import.meta.url);
const ROUNDS = 50;
const TYPICAL_US = 100;

const Row = z.object({ command: z.string() });

/** Every labelled example again and again; nothing where they are absent. */
export async function measureClassify(clock: Clock): Promise<Claim[]> {
  if (!existsSync(EXAMPLES)) return [];
  const rows = readFileSync(EXAMPLES, "utf8").trim().split("\n");
  const commands = rows.map((row) => Row.parse(JSON.parse(row)).command);
  await using folder = await scratchFolder();
  const round = () => commands.map((command) => classifyTime(clock, command, folder.path));
  round();
  const sample = Array.from({ length: ROUNDS }, round).flat();
  const line = (percent: number, target: Claim["target"]): Claim => ({
    claim: `classify, p${percent}`,
    n: sample.length,
    measured: percentile(sample, percent),
    unit: "µs",
    target,
    note: `${commands.length} labelled examples, ${ROUNDS} rounds`,
  });
  return [line(50, ours("at most", TYPICAL_US)), line(99, null)];
}

function classifyTime(clock: Clock, command: string, root: string): number {
  const from_ms = clock.monotonic();
  classify(command, { root });
  return (clock.monotonic() - from_ms) * 1_000;
}
