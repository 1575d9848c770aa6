/**
 * Event streams that break at any byte: the client loses nothing and sees nothing twice (J4), and
 * every single connection carries exactly what comes after the number that it was asked for.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteReader, Fetch, FetchAnswer } from "@mainstay/sdk/call";
import { createClient } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { type ClientEvent, isJournalEvent } from "@mainstay/sdk/events";
import { createSseParser } from "@mainstay/sdk/sse";
import { afterEach, expect, test } from "vitest";
import { advance, no_text } from "../packages/cli/src/conversation/live-text.ts";
import { freshOutput } from "../packages/cli/src/conversation/live-output.ts";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { calls, type House, openHouse } from "../packages/server/test/house/house.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const DROPS = rounds({ short: 40, long: 500 });
/** The longest life of a stream; a turn has about three times as much. */
const LIFE_BYTES = 2_500;
const WORDS = Array.from({ length: 60 }, (_, i) => `word ${i};`).join(" ");
const COUNT = "for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.02; done";
const COUNTED = "line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\n";

let house: House;
let workspace: string;
afterEach(async () => {
  await house.close();
  await rm(workspace, { recursive: true, force: true });
});

/** A house whose turns edit, run a command and speak for a while. */
async function open(): Promise<void> {
  workspace = await mkdtemp(join(tmpdir(), "mainstay-streams-"));
  house = await openHouse({
    script: (request) => {
      const said = request.messages.findLastIndex(({ role }) => role === "user");
      const step = request.messages.slice(said).filter(({ role }) => role === "assistant").length;
      if (step === 0) return calls("write_file", { path: "a.txt", content: "a" });
      if (step === 1) return calls("shell", { intent: "count", command: COUNT });
      return { text: WORDS, chunk_size: 5, between_ms: 1 };
    },
  });
  await registerFolder(house.client, workspace, true);
}

interface Network {
  readonly fetch: Fetch;
  drops(): number;
  /** What single connections brought that they were not asked for. */
  faults(): readonly string[];
}

/**
 * A network that breaks event streams after a random number of bytes. `off_by` is the planted
 * fault: one side resumes so many events too late.
 */
function breakingNetwork(random: () => number, off_by = 0): Network {
  const faults: string[] = [];
  let drops = 0;
  return {
    drops: () => drops,
    faults: () => faults,
    async fetch(url, init) {
      const last = init.headers["last-event-id"];
      if (last === undefined) return fetch(url, init);
      const drop = new AbortController();
      const answer = await fetch(url, {
        ...init,
        headers: { ...init.headers, "last-event-id": String(Math.max(0, Number(last) + off_by)) },
        signal: AbortSignal.any([init.signal, drop.signal]),
      });
      const look = followsFrom(Number(last), faults);
      const broken = brokenAfter(answer.body!.getReader(), random() * LIFE_BYTES, look, () => {
        drops++;
        drop.abort();
      });
      return {
        status: answer.status,
        headers: answer.headers,
        text: () => answer.text(),
        body: broken,
      };
    },
  };
}

/** The bytes of a stream up to `limit_bytes`, then `drop`, and the reader fails. */
function brokenAfter(
  reader: ByteReader,
  limit_bytes: number,
  look: (bytes: Uint8Array) => void,
  drop: () => void,
): NonNullable<FetchAnswer["body"]> {
  let left_bytes = Math.ceil(limit_bytes);
  const cancel = () => reader.cancel();
  const read: ByteReader["read"] = async () => {
    if (left_bytes === 0) {
      drop();
      throw new Error("the network broke");
    }
    const { done, value } = await reader.read();
    if (done || !value) return { done };
    const part = value.subarray(0, left_bytes);
    left_bytes -= part.length;
    look(part);
    return { done, value: part };
  };
  return { getReader: () => ({ read, cancel }) };
}

/** Judges one connection: its journal events are those after `last`, each once, in order. */
function followsFrom(last: number, faults: string[]): (bytes: Uint8Array) => void {
  const parser = createSseParser();
  let expected = last + 1;
  return (bytes) => {
    for (const { data } of parser.push(bytes)) {
      const event = JSON.parse(data) as ClientEvent;
      if (!isJournalEvent(event)) continue;
      if (event.seq !== expected) faults.push(`asked for ${expected}, got ${event.seq}`);
      expected = event.seq + 1;
    }
  };
}

interface Seen {
  readonly numbers: number[];
  /** The answer as it stands on the screen at the end. */
  text: string;
  output: string;
}

async function watch(events: AsyncIterable<ClientEvent>): Promise<Seen> {
  const seen: Seen = { numbers: [], text: "", output: "" };
  let live = no_text;
  for await (const event of events) {
    const { next, write, restarted } = advance(live, event);
    if (restarted) throw new Error("a text was taken back that nobody had cut");
    if (event.type === "output") {
      const { missed, text } = freshOutput(seen.output.length, event);
      if (missed > 0) throw new Error(`${missed} characters of output are missing`);
      seen.output += text;
    }
    live = next;
    seen.text += write;
    if (isJournalEvent(event)) seen.numbers.push(event.seq);
  }
  return seen;
}

/** Asks and follows once over `network`. */
async function followOver(network: Network): Promise<Seen & { last_event: number }> {
  const asked = await house.client.turns.create({ message: "go", workspace });
  const client = createClient({
    ...{ base_url: house.url, key: house.key, clock: systemClock },
    random: () => 0,
    fetch: network.fetch,
  });
  const seen = await watch(client.events(asked.id));
  const { last_event } = await house.client.turns.get(asked.id);
  return { ...seen, last_event };
}

test(`${DROPS} dropped event streams of running turns: 0 gaps, 0 doubles`, async () => {
  await open();
  const network = breakingNetwork(seeded(seed));
  let turns = 0;
  for (; network.drops() < DROPS; turns++) {
    const { numbers, last_event, text, output } = await followOver(network);
    expect(numbers).toEqual(Array.from({ length: last_event }, (_, i) => i + 1));
    expect(text).toBe(WORDS);
    expect(COUNTED.startsWith(output), output).toBe(true);
  }
  expect(network.faults()).toEqual([]);
  report("dropped event streams", network.drops(), `${turns} turns, 0 gaps, 0 doubles`);
});

test("the planted faults are seen: a stream that resumes one too early, or one too late", async () => {
  await open();
  const early = breakingNetwork(seeded(seed), -1);
  await followOver(early);
  expect(early.faults()[0]).toMatch(/asked for (\d+), got (?!\1)/);
  const late = breakingNetwork(seeded(seed), 1);
  await expect(followOver(late)).rejects.toThrow(/event \d+ of turn_\w+ is missing/);
});
