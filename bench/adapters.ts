/**
 * What an adapter costs per streamed chunk, in processor time of this process, beside a bare fetch that
 * splits lines and parses their JSON: `node bench/adapters.ts`. The provider is a process of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { adapterFor } from "../packages/server/src/providers/adapters/adapters.ts";
import type { ModelRequest } from "../packages/server/src/kernel/model.ts";

const CHUNKS = 2_000;
const ROUNDS = 9;

const request: ModelRequest = {
  turn_id: "bench",
  said: "go",
  messages: [{ role: "user", text: "go" }],
  tools: [],
  model: null,
  check: () => null,
  waiting: () => undefined,
};

async function bare(url: string): Promise<number> {
  const body = JSON.stringify({
    model: "x",
    stream: true,
    messages: [{ role: "user", content: "go" }],
  });
  const headers = { authorization: "Bearer fake", "content-type": "application/json" };
  const answer = await fetch(`${url}/chat/completions`, { method: "POST", headers, body });
  const decoder = new TextDecoder();
  let rest = "";
  let chunks = 0;
  for await (const piece of answer.body!) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines)
      if (line.startsWith("data: {"))
        chunks += JSON.parse(line.slice(6)).choices[0]?.delta.content ? 1 : 0;
  }
  return chunks;
}

async function adapted(url: string): Promise<number> {
  const settings = { provider: "bench", type: "openai-compatible", model: "x" } as const;
  const ask = adapterFor({ ...settings, base_url: url, api_key: "fake" });
  const asked = await ask(request, { signal: new AbortController().signal, stream: true });
  let chunks = 0;
  for await (const part of asked.stream) chunks += part.type === "text-delta" ? 1 : 0;
  return chunks;
}

/** Microseconds of processor time a chunk. */
async function cost(run: (url: string) => Promise<number>, url: string): Promise<number> {
  const before = process.cpuUsage();
  const chunks = await run(url);
  const { user, system } = process.cpuUsage(before);
  if (chunks !== CHUNKS) throw new Error(`${chunks} chunks came, not ${CHUNKS}`);
  return (user + system) / chunks;
}

const provider: ChildProcess = spawn(
  process.execPath,
  [`${import.meta.dirname}/adapters-provider.ts`],
  {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CHUNKS: String(CHUNKS) },
  },
);
try {
  const [line] = (await once(provider.stdout!, "data")) as [Buffer];
  for (const pace of ["fast", "paced"]) {
    const url = `${line.toString().trim()}/${pace}`;
    const seen: Record<string, number[]> = { bare: [], adapted: [] };
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, run] of Object.entries({ bare, adapted }))
        seen[name]!.push(await cost(run, url));
    for (const [name, costs] of Object.entries(seen)) {
      const sorted = costs.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)]!.toFixed(1);
      console.log(`${pace} ${name}: median ${median} µs a chunk, least ${sorted[0]!.toFixed(1)}`);
    }
  }
} finally {
  provider.kill();
}
