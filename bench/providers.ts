/** What the pool of models adds to a bare call of the same provider, over real sockets, in one run. */
import type { Clock } from "@mainstay/sdk/clock";
import type { ModelRequest } from "../packages/server/src/kernel/model.ts";
import { createProviders, type Providers } from "../packages/server/src/providers/providers.ts";
import { type Claim, ours } from "./claim.ts";
import { endProgram, seen, startProgram } from "./process.ts";
import { median, percentile } from "./sample.ts";

const LOOK_MS = 10;
const CALLS = 300;
const WARM_UP = 100;
const CHUNKS_A_CALL = 20;
const LONG_CHUNKS = 2_000;
const LONG_ROUNDS = 30;
const LONG_WARM_UP = 10;
const CONNECTIONS = [1, 32, 256];
const STREAMS = 1_500;

interface Call {
  readonly first_chunk_ms: number;
  readonly total_ms: number;
  readonly chunks: number;
}

type Ask = (chunks: number) => Promise<Call>;

/** @param clock monotonic milliseconds */
export async function measureProviders(clock: Clock): Promise<Claim[]> {
  const program = startProgram("scripts/node", ["bench/stream-provider.ts"], {});
  try {
    const url = await seen(
      program,
      clock,
      LOOK_MS,
      () => /http:\S+/.exec(program.said())?.[0] ?? null,
    );
    const pools = new Map<number, Providers>();
    const poolFor = (chunks: number): Providers => {
      const known = pools.get(chunks) ?? poolOf(`${url}/${chunks}`, clock);
      pools.set(chunks, known);
      return known;
    };
    const bare: Ask = (chunks) => askBare(`${url}/${chunks}`, clock);
    const pooled: Ask = (chunks) => askPool(poolFor(chunks), clock);
    return [
      ...(await measureLatency(bare, pooled)),
      ...(await measureChunks(bare, pooled)),
      ...(await measureStreams(bare, pooled, clock)),
    ];
  } finally {
    await endProgram(program, clock);
  }
}

async function measureLatency(bare: Ask, pooled: Ask): Promise<Claim[]> {
  const calls = { bare: [] as Call[], pooled: [] as Call[] };
  for (let i = 0; i < WARM_UP + CALLS; i++) {
    const pair = [await bare(CHUNKS_A_CALL), await pooled(CHUNKS_A_CALL)] as const;
    if (i < WARM_UP) continue;
    calls.bare.push(pair[0]);
    calls.pooled.push(pair[1]);
  }
  const added = (of: (call: Call) => number): number =>
    median(calls.pooled.map(of)) - median(calls.bare.map(of));
  const note = `bare ${median(calls.bare.map((call) => call.total_ms)).toFixed(2)} ms, ${CHUNKS_A_CALL} chunks`;
  return [
    {
      claim: "a step of the pool beside a bare call, p50",
      ...{ n: CALLS, unit: "ms" as const, target: ours("at most", 1), note },
      measured: added((call) => call.total_ms),
    },
    {
      claim: "the first chunk beside a bare call's, p50",
      ...{ n: CALLS, unit: "ms" as const, target: ours("at most", 1), note: "" },
      measured: added((call) => call.first_chunk_ms),
    },
  ];
}

async function measureChunks(bare: Ask, pooled: Ask): Promise<Claim[]> {
  const costs = { bare: [] as number[], pooled: [] as number[] };
  for (let round = 0; round < LONG_WARM_UP + LONG_ROUNDS; round++) {
    const pair = [await cpuOf(bare), await cpuOf(pooled)] as const;
    if (round < LONG_WARM_UP) continue;
    costs.bare.push(pair[0]);
    costs.pooled.push(pair[1]);
  }
  const claim = (name: keyof typeof costs, target: Claim["target"]): Claim => ({
    claim: `processor time a streamed chunk, ${name}`,
    ...{ n: LONG_ROUNDS * LONG_CHUNKS, measured: median(costs[name]), unit: "µs", target },
    note: `least ${Math.min(...costs[name]).toFixed(1)} µs`,
  });
  return [claim("bare", null), claim("pooled", ours("at most", 30))];
}

async function cpuOf(ask: Ask): Promise<number> {
  const before = process.cpuUsage();
  await ask(LONG_CHUNKS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / LONG_CHUNKS;
}

async function measureStreams(bare: Ask, pooled: Ask, clock: Clock): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const connections of CONNECTIONS) {
    const alone = await rateOf(bare, connections, clock);
    const through = await rateOf(pooled, connections, clock);
    claims.push({
      claim: `streamed steps, ${connections} at once`,
      ...{ n: STREAMS, measured: through.per_s, unit: "turns/s", target: null },
      note: `p99 ${through.p99_ms.toFixed(0)} ms; bare ${alone.per_s.toFixed(0)}/s, p99 ${alone.p99_ms.toFixed(0)} ms`,
    });
  }
  return claims;
}

async function rateOf(ask: Ask, connections: number, clock: Clock) {
  const times_ms: number[] = [];
  let asked = 0;
  const from_ms = clock.monotonic();
  const one = async () => {
    while (asked++ < STREAMS) times_ms.push((await ask(CHUNKS_A_CALL)).total_ms);
  };
  await Promise.all(Array.from({ length: connections }, one));
  const elapsed_s = (clock.monotonic() - from_ms) / 1_000;
  return { per_s: times_ms.length / elapsed_s, p99_ms: percentile(times_ms, 99) };
}

async function askBare(url: string, clock: Clock): Promise<Call> {
  const from_ms = clock.monotonic();
  const body = { model: "x", stream: true, messages: [{ role: "user", content: "go" }] };
  const headers = { authorization: "Bearer fake", "content-type": "application/json" };
  const answer = await fetch(`${url}/chat/completions`, {
    ...{ method: "POST", headers, body: JSON.stringify(body) },
  });
  const decoder = new TextDecoder();
  let first_chunk_ms = 0;
  let rest = "";
  let chunks = 0;
  for await (const piece of answer.body!) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      if (JSON.parse(line.slice(6)).choices[0]?.delta.content === undefined) continue;
      if (chunks++ === 0) first_chunk_ms = clock.monotonic() - from_ms;
    }
  }
  return { first_chunk_ms, total_ms: clock.monotonic() - from_ms, chunks };
}

async function askPool(providers: Providers, clock: Clock): Promise<Call> {
  const from_ms = clock.monotonic();
  let first_chunk_ms = 0;
  let chunks = 0;
  for await (const part of providers.stream(request, new AbortController().signal))
    if (part.type === "text" && chunks++ === 0) first_chunk_ms = clock.monotonic() - from_ms;
  return { first_chunk_ms, total_ms: clock.monotonic() - from_ms, chunks };
}

const request: ModelRequest = {
  turn_id: "bench",
  said: "go",
  messages: [{ role: "user", text: "go" }],
  tools: [],
  model: null,
  check: () => null,
  waiting: () => undefined,
};

const poolOf = (base_url: string, clock: Clock): Providers =>
  createProviders({
    settings: [
      {
        ...{ id: "bench", type: "openai-compatible", base_url, api_keys: ["fake"], models: ["x"] },
        limits: { concurrency: null, requests_per_minute: null, tokens_per_minute: null },
        ...{ prices: {}, reasoning: [], source: "bench" },
      },
    ],
    ...{ clock, random: () => 0.5 },
    kept: { keep: () => undefined, idle: async () => undefined },
    before: { breakers: new Map(), credentials: new Map(), rates: new Map() },
    pauses: { provider: () => null, onChange: () => () => undefined },
    log: { info: () => undefined, warn: () => undefined },
  });
