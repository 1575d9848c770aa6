import type { Clock } from "@mainstay/sdk/clock";
import { type Bench, openBench } from "../packages/executor/test/harness.ts";
import { type Claim, ours } from "./claim.ts";
import type { House } from "./house.ts";
import { percentile } from "./sample.ts";

const PING_MS = 10;
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

/** How soon the server answers while a command takes all it can get. */
export async function measureHostile({ server }: House, clock: Clock): Promise<Claim[]> {
  const bench = await openBench();
  try {
    const claims: Claim[] = [];
    for (const command of HOSTILE) claims.push(await measure(command, bench, server.url, clock));
    return claims;
  } finally {
    await bench.close();
  }
}

async function measure(
  { name, run, wall_ms, ends }: (typeof HOSTILE)[number],
  bench: Bench,
  url: string,
  clock: Clock,
): Promise<Claim> {
  const limits = { wall_ms, output_bytes: OUTPUT_BYTES };
  const started_ms = clock.monotonic();
  let is_over = false;
  const ended = bench
    .exited(typeof run === "string" ? run : [...run], { limits })
    .finally(() => (is_over = true));
  const pings: number[] = [];
  while (!is_over) {
    const from_ms = clock.monotonic();
    await fetch(`${url}/livez`).then((answer) => answer.text());
    pings.push(clock.monotonic() - from_ms);
    await clock.sleep(PING_MS);
  }
  const end = await ended;
  const how = end.timed_out ? "timed_out" : end.exceeded;
  if (how !== ends) throw new Error(`${name} ended otherwise: ${JSON.stringify(end)}`);
  const took_s = ((clock.monotonic() - started_ms) / 1000).toFixed(1);
  return {
    claim: `an answer of the server during ${name}, p99`,
    ...{
      n: pings.length,
      measured: percentile(pings, 99),
      unit: "ms",
      target: ours("at most", 20),
    },
    note: `p50 ${percentile(pings, 50).toFixed(1)}; ended after ${took_s} s`,
  };
}
