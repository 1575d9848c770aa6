import type { Clock } from "@mainstay/sdk/clock";
import { ask, type Kind } from "./ask.ts";
import { type Claim, ours, peers } from "./claim.ts";
import { cpuNow, cpuSince } from "./cpu.ts";
import type { House } from "./house.ts";
import { percentile } from "./sample.ts";

const TURNS = 1_000;
const DURATION_MS = 10_000;
const WARM_UP = 100;
const names: Record<Kind, string> = { text: "text turns", command: "turns with one command" };

/** All people of the house at once, each with one turn at a time, until enough turns or time. */
export async function measureThroughput(house: House, kind: Kind, clock: Clock): Promise<Claim[]> {
  await crowd(house, kind, clock, "warm", WARM_UP);
  const before = cpuNow(house);
  const { times_ms, wrong, elapsed_ms } = await crowd(house, kind, clock, "timed", TURNS);
  const cpu = cpuSince(before, house);
  const n = times_ms.length;
  const who = `${house.people.length} people at once`;
  return [
    {
      claim: `${names[kind]}, ${who}`,
      n,
      measured: n / (elapsed_ms / 1000),
      unit: "turns/s",
      target: kind === "text" ? peers("at least", 66) : null,
      note: `p50 ${percentile(times_ms, 50).toFixed(0)} ms, p99 ${percentile(times_ms, 99).toFixed(0)} ms with the wait for a turn`,
    },
    {
      claim: `${names[kind]}, ${who}, CPU`,
      n,
      measured: cpu.total_ms / n,
      unit: "ms",
      target: kind === "text" ? peers("at most", 92) : null,
      note: cpu.parts(n),
    },
    {
      claim: `${names[kind]}, ${who}, correct answers`,
      n,
      measured: (100 * (n - wrong)) / n,
      unit: "%",
      target: ours("at least", 100),
      note: `${n - wrong} of ${n}`,
    },
  ];
}

async function crowd(house: House, kind: Kind, clock: Clock, phase: string, turns: number) {
  const from_ms = clock.monotonic();
  const times_ms: number[] = [];
  let asked = 0;
  let wrong = 0;
  const isOver = () => asked >= turns || clock.monotonic() - from_ms > DURATION_MS;

  await Promise.all(
    house.people.map(async (person) => {
      while (!isOver()) {
        const token = `${phase}-${kind}-${asked++}`;
        const asked_ms = clock.monotonic();
        if (!(await ask(house.server.url, person, kind, token))) wrong += 1;
        times_ms.push(clock.monotonic() - asked_ms);
      }
    }),
  );
  return { times_ms, wrong, elapsed_ms: clock.monotonic() - from_ms };
}
