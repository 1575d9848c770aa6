import type { Clock } from "@mainstay/sdk/clock";
import { type Bench, openBench } from "../packages/executor/test/harness.ts";
import { type Claim, ours } from "./claim.ts";
import type { House } from "./house.ts";
import { latenessOf } from "./lateness.ts";
import { percentile } from "./sample.ts";

const OUTPUT_BYTES = 1 << 16;
/** Each of the three takes less than its own limit; together they take more than a command may. */
const HOG = `for i in 1 2 3; do perl -e 'my $x = ""; vec($x, 1700 << 20, 8) = 1; sleep 600' & done; wait`;

const HOSTILE = [
  {
    name: "a fork loop at its bound for 5 s",
    ...{ run: ["perl", "-e", "fork while 1"], wall_ms: 5_000, ends: "timed_out" },
  },
  {
    name: "a command that takes all memory, until it is ended",
    ...{ run: HOG, wall_ms: 120_000, ends: "memory" },
  },
] as const;

/** How late the server's event loop is while a command of its machine takes all that it can get. */
export async function measureHostile(house: House, clock: Clock): Promise<Claim[]> {
  const bench = await openBench();
  try {
    const claims: Claim[] = [];
    for (const command of HOSTILE) claims.push(await measure(command, bench, house, clock));
    return claims;
  } finally {
    await bench.close();
  }
}

async function measure(
  { name, run, wall_ms, ends }: (typeof HOSTILE)[number],
  bench: Bench,
  { home }: House,
  clock: Clock,
): Promise<Claim> {
  const limits = { wall_ms, output_bytes: OUTPUT_BYTES };
  const from = clock.now();
  const end = await bench.exited(typeof run === "string" ? run : [...run], { limits });
  const to = clock.now();
  const how = end.timed_out ? "timed_out" : end.exceeded;
  if (how !== ends) throw new Error(`${name} ended otherwise: ${JSON.stringify(end)}`);
  const late = await latenessOf(home, { from, to }, clock);
  return {
    claim: `delay of the server's event loop during ${name}, p99`,
    ...{ n: late.length, measured: percentile(late, 99), unit: "ms" },
    target: ours("at most", 20),
    note: `p50 ${percentile(late, 50).toFixed(1)}, max ${percentile(late, 100).toFixed(1)}; ended after ${((to - from) / 1000).toFixed(1)} s`,
  };
}
