/**
 * `kill -9` of the server while models answer, again and again: what is billed is what the journals
 * say that attempts took, each once, also of those that nobody saw end.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { untilAnswered } from "@mainstay/sdk/outage";
import type { UsageSums } from "@mainstay/sdk/usage";
import { expect, test } from "vitest";
import { calls, says } from "../packages/server/test/house/house.ts";
import {
  createServerProcess,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const KILLS = rounds({ short: 3, long: 60 });
const TIMEOUT_MS = 60_000 + KILLS * 20_000;
const TURNS_A_KILL = 3;
const STEPS = 3;
/** About as long as its turns take. */
const LATEST_KILL_MS = 500;

const told = { prompt_tokens: 1_000, completion_tokens: 20 };
const slowly = { usage: told, chunk_size: 4, between_ms: 8, first_token_delay_ms: 20 };

const threeSteps: ScriptFunction = ({ messages }) => {
  const step = messages.filter(({ role }) => role === "assistant").length;
  const reply = step < STEPS - 1 ? calls("list_files", { path: "." }) : says("All three are done.");
  return { ...reply, ...slowly };
};

test(
  "whatever is killed when, each attempt is billed once",
  async () => {
    const home = await mkdtemp(join(tmpdir(), "mainstay-usage-"));
    const model = await startFakeProvider({ script: threeSteps, clock: systemClock });
    const server = await createServerProcess(home, model.url);
    try {
      await server.start();
      const turn_ids = await askAndKill(server);
      await expectOneTruth(await server.client(), turn_ids);
    } finally {
      await server.stop("SIGINT");
      await model.close();
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
    }
  },
  TIMEOUT_MS,
);

async function askAndKill(server: ServerProcess): Promise<string[]> {
  const random = seeded(seed);
  const turn_ids: string[] = [];
  const client = await server.client();
  for (let kill = 0; kill < KILLS; kill++) {
    const asked = Array.from({ length: TURNS_A_KILL }, (_, i) =>
      untilAnswered({ clock: systemClock, random }, () =>
        client.turns.create({ message: "go" }, { idempotency_key: `${kill}-${i}` }),
      ),
    );
    await systemClock.sleep(random() * LATEST_KILL_MS);
    await server.kill();
    await server.start();
    const round = (await Promise.all(asked)).map(({ id }) => id);
    // All of them end before the next kill: too many resumes in a row would poison one (J7).
    await Promise.all(round.map((turn_id) => journalOf(client, turn_id)));
    turn_ids.push(...round);
  }
  return turn_ids;
}

async function expectOneTruth(client: Client, turn_ids: readonly string[]): Promise<void> {
  const sums: Pick<
    UsageSums,
    "requests" | "input_tokens" | "output_tokens" | "estimated_requests"
  > = {
    ...{ requests: 0, input_tokens: 0, output_tokens: 0, estimated_requests: 0 },
  };
  for (const turn_id of turn_ids) {
    const events = await journalOf(client, turn_id);
    const ends = events.filter(isEnd);
    expect(ends, turn_id).toHaveLength(count(events, "attempt_started"));
    const turn = await client.turns.get(turn_id);
    expect(turn.state).toBe("done");
    const took = ends.map(({ usage }) => usage ?? { input_tokens: 0, output_tokens: 0 });
    const input_tokens = took.reduce((sum, usage) => sum + usage.input_tokens, 0);
    const output_tokens = took.reduce((sum, usage) => sum + usage.output_tokens, 0);
    expect(turn.usage).toEqual({ input_tokens, output_tokens });
    sums.requests += ends.filter(({ usage }) => usage !== undefined).length;
    sums.estimated_requests += ends.filter(({ estimated }) => estimated).length;
    sums.input_tokens += input_tokens;
    sums.output_tokens += output_tokens;
    const answered = events.filter(({ type }) => type === "step_ended");
    expect(answered.map((event) => isEnd(event) && event.usage)).toEqual(
      Array(STEPS).fill({ input_tokens: 1_000, output_tokens: 20 }),
    );
  }
  const { total } = await client.usage.list();
  expect(total).toMatchObject(sums);
  expect(sums.requests - sums.estimated_requests).toBe(turn_ids.length * STEPS);
  report(
    "the server is killed while models answer",
    KILLS,
    `${sums.requests} attempts billed once each, ${sums.estimated_requests} of them lost and written off`,
  );
}

async function journalOf(client: Client, turn_id: string): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for await (const event of client.events(turn_id)) if (isJournalEvent(event)) events.push(event);
  return events;
}

type End = Extract<JournalEvent, { type: "attempt_failed" | "step_ended" }>;
const isEnd = (event: JournalEvent): event is End =>
  event.type === "attempt_failed" || event.type === "step_ended";

const count = (events: readonly JournalEvent[], type: JournalEvent["type"]): number =>
  events.filter((event) => event.type === type).length;
