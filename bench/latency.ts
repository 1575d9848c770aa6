import type { Clock } from "@mainstay/sdk/clock";
import { ask, askProvider, type Kind, model_requests } from "./ask.ts";
import { type Claim, ours, peers } from "./claim.ts";
import { cpuNow, cpuSince } from "./cpu.ts";
import type { House } from "./house.ts";
import { median, percentile, type Sample } from "./sample.ts";

const PROVIDER_N = 200;
const plans = {
  text: { warm_up: 50, n: 300, p50_limit_ms: 10, peer_cpu_ms: 92 },
  command: { warm_up: 20, n: 100, p50_limit_ms: 40, peer_cpu_ms: null },
} as const;
const names: Record<Kind, string> = { text: "text turn", command: "turn with one command" };

/** One person asks one turn after another; every turn is a session of its own. */
export async function measureLatency(house: House, clock: Clock): Promise<Claim[]> {
  const provider = await timed(clock, PROVIDER_N, (i) =>
    askProvider(house.provider_url, `direct-${i}`),
  );
  return [
    {
      claim: "fake provider, direct round trip p50",
      n: PROVIDER_N,
      measured: median(provider),
      unit: "ms",
      target: null,
      note: "subtracted once for each request that a turn makes of its model",
    },
    ...(await measureKind(house, clock, "text", median(provider))),
    ...(await measureKind(house, clock, "command", median(provider))),
  ];
}

async function measureKind(
  house: House,
  clock: Clock,
  kind: Kind,
  provider_ms: number,
): Promise<Claim[]> {
  const { warm_up, n, p50_limit_ms, peer_cpu_ms } = plans[kind];
  const turn = (phase: string) => async (i: number) => {
    const token = `${phase}-${kind}-${i}`;
    if (!(await ask(house.server.url, house.people[0]!, kind, token)))
      throw new Error(`turn ${token} was answered wrongly`);
  };
  await timed(clock, warm_up, turn("warm"));
  const before = cpuNow(house);
  const sample = await timed(clock, n, turn("timed"));
  const cpu = cpuSince(before, house);
  const asked_ms = model_requests[kind] * provider_ms;
  const line = (percent: number, target: Claim["target"]): Claim => {
    const raw_ms = percentile(sample, percent);
    return {
      claim: `${names[kind]}, overhead p${percent}`,
      n,
      measured: raw_ms - asked_ms,
      unit: "ms",
      target,
      note: `raw ${raw_ms.toFixed(1)} ms, less ${asked_ms.toFixed(1)} ms of the provider`,
    };
  };
  return [
    line(50, ours("at most", p50_limit_ms)),
    line(95, null),
    {
      claim: `${names[kind]}, CPU, one at a time`,
      n,
      measured: cpu.total_ms / n,
      unit: "ms",
      target: peer_cpu_ms === null ? null : peers("at most", peer_cpu_ms),
      note: cpu.parts(n),
    },
  ];
}

/** Runs `work` one after another. */
async function timed(
  clock: Clock,
  n: number,
  work: (index: number) => Promise<void>,
): Promise<Sample> {
  const sample: number[] = [];
  for (let i = 0; i < n; i++) {
    const from_ms = clock.monotonic();
    await work(i);
    sample.push(clock.monotonic() - from_ms);
  }
  return sample;
}
