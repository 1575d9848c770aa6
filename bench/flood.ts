import type { Clock } from "@mainstay/sdk/clock";
import { createClient } from "@mainstay/sdk/client";
import { type Bench, openBench } from "../packages/executor/test/harness.ts";
import { type Claim, ours } from "./claim.ts";
import type { House } from "./house.ts";
import { latenessOf } from "./lateness.ts";
import { executorOf, pssMegabytes } from "./proc.ts";
import { percentile } from "./sample.ts";

const PRINTED_BYTES = 1_000_000_000;
const FLOOD = `yes | head -c ${PRINTED_BYTES}`;
/** A server that has done nothing yet would grow by anything. */
const WARM_UP_TURNS = 20;
const LOOK_MS = 100;
const PING_MS = 10;

/** One command that prints a gigabyte while a client watches it. */
export async function measureFlood(house: House, clock: Clock): Promise<Claim[]> {
  const { url } = house.server;
  const { key } = house.people[0]!;
  const client = createClient({ base_url: url, key, fetch, clock, random: Math.random });
  for (let n = 0; n < WARM_UP_TURNS; n++)
    await client.turns.create({ message: "run seq 2000" }, { wait_s: 60 });
  const pids = [house.server.pid, executorOf(house.home)!, process.pid];
  const before = pids.map(pssMegabytes);
  const peaks = [...before];
  const looking = repeat(clock, LOOK_MS, async () => {
    for (const [at, pid] of pids.entries()) peaks[at] = Math.max(peaks[at]!, pssMegabytes(pid));
  });
  const from = clock.now();
  const { id } = await client.turns.create({ message: `run ${FLOOD}` });
  for await (const { type } of client.events(id)) if (type === "settled") break;
  const to = clock.now();
  await looking.stop();
  const late = await latenessOf(house.home, { from, to }, clock);
  const { state, commands } = await client.turns.get(id);
  if (commands[0]?.output_bytes !== PRINTED_BYTES) throw new Error(`the flood's turn is ${state}`);
  const added = peaks.map((peak, at) => peak - before[at]!);
  return [
    {
      claim: "memory (PSS) that 1 GB of one command's output adds, the most in any process",
      ...{ n: 1, measured: Math.max(...added), unit: "MB", target: ours("at most", 50) },
      note: `server ${added[0]!.toFixed(0)}, executor ${added[1]!.toFixed(0)}, client ${added[2]!.toFixed(0)}; printed in ${((to - from) / 1000).toFixed(1)} s`,
    },
    {
      claim: "… delay of the server's event loop meanwhile, p99",
      ...{ n: late.length, measured: percentile(late, 99), unit: "ms" },
      ...{ target: ours("at most", 20), note: `p50 ${percentile(late, 50).toFixed(1)}` },
    },
    ...(await measureExecutor(clock)),
  ];
}

const CANCELS = 20;

/** The executor alone: its answers during a flood, and how soon a whole tree is gone. */
async function measureExecutor(clock: Clock): Promise<Claim[]> {
  const bench = await openBench();
  try {
    return [await answersInFlood(bench, clock), await cancels(bench, clock)];
  } finally {
    await bench.close();
  }
}

async function answersInFlood(bench: Bench, clock: Clock): Promise<Claim> {
  const pings: number[] = [];
  const pinging = repeat(clock, PING_MS, async () => {
    const from_ms = clock.monotonic();
    await bench.link().state("none");
    pings.push(clock.monotonic() - from_ms);
  });
  await bench.exited(FLOOD, { limits: { wall_ms: 120_000, output_bytes: 1 << 16 } });
  await pinging.stop();
  return {
    claim: "an answer of the executor while a command prints 1 GB, p99",
    ...{ n: pings.length, measured: percentile(pings, 99), unit: "ms" },
    ...{ target: ours("at most", 20), note: `p50 ${percentile(pings, 50).toFixed(1)}` },
  };
}

/** Of a tree with sessions of their own in it, deaf to signals. */
async function cancels(bench: Bench, clock: Clock): Promise<Claim> {
  const taken: number[] = [];
  for (let n = 0; n < CANCELS; n++) {
    const tree =
      "trap '' TERM INT; for i in 1 2 3; do setsid sh -c 'sleep 60' & done; echo up; wait";
    const ticket = bench.ticket(tree);
    const up = heard(bench, ticket.plan.command_id);
    await bench.link().run(ticket);
    await up;
    const from_ms = clock.monotonic();
    await bench.link().cancel(ticket.plan.command_id);
    await bench.link().wait(ticket.plan.command_id);
    taken.push(clock.monotonic() - from_ms);
  }
  return {
    claim: "cancel of a command to the death of its last process, sessions of their own too, max",
    ...{ n: CANCELS, measured: Math.max(...taken), unit: "ms", target: ours("at most", 1_000) },
    note: `p50 ${percentile(taken, 50).toFixed(1)}`,
  };
}

function heard(bench: Bench, command_id: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = bench.link().onOutput((id) => {
      if (id !== command_id) return;
      stop();
      resolve();
    });
  });
}

/** Again and again, with a rest between, until it is stopped. */
function repeat(clock: Clock, rest_ms: number, work: () => Promise<void>) {
  let is_over = false;
  const over = (async () => {
    while (!is_over) {
      await work();
      await clock.sleep(rest_ms);
    }
  })();
  return {
    stop() {
      is_over = true;
      return over;
    },
  };
}
