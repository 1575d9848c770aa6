import type { ParsedChatRequest } from "@mainstay/fake-provider/chat-request";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Reply, Script } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { untilAnswered } from "@mainstay/sdk/outage";
import { expect } from "vitest";
import { calls, says } from "../../packages/server/test/house/house.ts";

/** What one provider's configuration says that it bears. */
export const CONCURRENCY = 4;

/** Two providers that go away and come back, at the same ports, and the turns that they answer. */
export interface Outage {
  readonly urls: readonly string[];
  /** From here on both answer 503 to everything, the first of them late. */
  begin(late_ms: number): void;
  end(): void;
  /** One dies, with all that it was saying, and is started again. */
  restart(which: number): Promise<void>;
  /** The most calls that one of them had at once since the last `begin`. */
  peak(): number;
  close(): Promise<void>;
}

export async function openOutage(): Promise<Outage> {
  let late_ms: number | null = null;
  let peak = 0;
  const models: FakeProvider[] = [];

  const scriptOf =
    (which: number): Script =>
    (request) => {
      peak = Math.max(peak, ...models.map(({ in_flight }) => in_flight));
      if (late_ms !== null) return { ...away, delay_ms: which === 0 ? late_ms : 0 };
      return { ...replyTo(request), first_token_delay_ms: 50, between_ms: 20, chunk_size: 6 };
    };
  const start = (which: number, port = 0) =>
    startFakeProvider({ script: scriptOf(which), clock: systemClock, port });
  models.push(await start(0), await start(1));

  return {
    urls: models.map(({ url }) => url),
    begin(ms) {
      late_ms = ms;
      peak = 0;
    },
    end() {
      late_ms = null;
      peak = 0;
    },
    async restart(which) {
      const port = Number(new URL(models[which]!.url).port);
      await models[which]!.close();
      models[which] = await start(which, port);
    },
    peak: () => peak,
    async close() {
      await Promise.all(models.map((model) => model.close()));
    },
  };
}

const away: Reply = { status: 503, body: { error: { message: "away" } } };

/** An edit, then an answer. */
function replyTo({ messages }: ParsedChatRequest): Reply {
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const said = JSON.stringify(messages[asked]?.content);
  const name = /turn-\d+/.exec(said)?.[0];
  if (name === undefined) return says("OK");
  const has_edited = messages.slice(asked).some(({ role }) => role === "assistant");
  return has_edited ? says(answerTo(name)) : calls("write_file", { path: name, content: name });
}

const answerTo = (name: string): string => `All of ${name} is done, and it was done once.`;

export interface Parked {
  readonly client: Client;
  readonly turn_id: string;
  readonly name: string;
}

/** It ends once, with its answer and its one edit, over whatever restarts. Returns its journal. */
export async function expectOnce({ client, turn_id, name }: Parked): Promise<JournalEvent[]> {
  const journal: JournalEvent[] = [];
  for await (const event of client.events(turn_id)) if (isJournalEvent(event)) journal.push(event);
  const patience = { clock: systemClock, random: () => 0 };
  const turn = await untilAnswered(patience, () => client.turns.get(turn_id));
  expect(turn).toMatchObject({ state: "done", answer: answerTo(name) });
  const count = (type: JournalEvent["type"]) => journal.filter((each) => each.type === type).length;
  // A call that a kill kept from doing anything may start anew.
  const { items } = await untilAnswered(patience, () =>
    client.edits.list({ turn_id, standing: true }),
  );
  expect([count("settled"), count("tool_ended"), items.length], name).toEqual([1, 1, 1]);
  return journal;
}
