/**
 * The wall clock of server and executor is set a day on or back while turns stream, run commands,
 * wait for their place and for consent: nothing ends early, late or twice.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchExecutor } from "@mainstay/executor/launch";
import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import { ProblemError } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { type ClientEvent, isJournalEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { calls, says } from "../packages/server/test/house/house.ts";
import {
  createServerProcess,
  type Entry,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";
import { createSteppedClock, faketimeLibrary, type SteppedClock } from "./stepped-clock.ts";

const STEPS = rounds({ short: 3, long: 60 });
const DAY_S = 86_400;
const ROUND_MS = 700;
/** No part of a round takes as long as this, and no honest estimate says so. */
const LONG_MS = 60_000;
const WORDS = Array.from({ length: 30 }, (_, i) => `word ${i};`).join(" ");

const script: ScriptFunction = (request) => {
  const said = lastUserText(request);
  if (said === "talk") return { text: WORDS, chunk_size: 10, between_ms: 25 };
  if (request.messages.at(-1)?.role === "tool") return says("Done.");
  return calls("shell", { intent: "wait", command: "echo began; sleep 0.7; echo ended > end" });
};

interface Stage {
  readonly folders: readonly string[];
  readonly steps: SteppedClock;
  readonly model: FakeProvider;
  readonly server: ServerProcess;
  readonly client: Client;
  readonly trusted: string;
  readonly careful: string;
}

let stage: Stage | undefined;
afterEach(async () => {
  if (stage === undefined) return;
  const { server, model, folders } = stage;
  await server.kill();
  await model.close();
  for (const folder of folders)
    await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
});

const newFolder = (name: string) => mkdtemp(join(tmpdir(), `mainstay-clock-${name}-`));

async function open(entry: Entry): Promise<Stage> {
  const folders = await Promise.all(["home", "own", "trusted", "careful"].map(newFolder));
  const [home, own, trusted, careful] = folders as [string, string, string, string];
  const steps = createSteppedClock(own, faketimeLibrary()!);
  const model = await startFakeProvider({ script, clock });
  // The server finds this executor and takes it over: the two share their clock, as on any machine.
  const executor = await launchExecutor({
    ...{ home, epoch: 0, node_path: steps.wrap(process.execPath), ripgrep_path: null, clock },
    idle_ms: 1_000,
    log: () => undefined,
  });
  const server = await createServerProcess(home, model.url);
  await server.start(entry, { env: steps.env });
  const client = await server.client();
  await registerFolder(client, trusted, true);
  await registerFolder(client, careful, false);
  await client.turns.create({ message: "work", workspace: trusted }, { wait_s: 30 });
  await executor.closed;
  stage = { folders, steps, model, server, client, trusted, careful };
  return stage;
}

interface Watched {
  readonly turn: Turn;
  readonly events: readonly ClientEvent[];
  readonly lost: number;
}

async function watch({ client }: Stage, id: string): Promise<Watched> {
  const events: ClientEvent[] = [];
  let lost = 0;
  for await (const event of client.events(id, { on_lost: () => lost++ })) events.push(event);
  return { turn: await client.turns.get(id), events, lost };
}

/** Sets the clock `offset_s` from the true time `after_ms` into the work of a round. */
async function round(on: Stage, offset_s: number, after_ms: number): Promise<string[]> {
  const { client, steps, trusted, careful } = on;
  const ask = (message: string, workspace: string, session_id?: string) =>
    client.turns.create({ message, workspace, ...(session_id && { session_id }) });
  const asking = await client.turns.create({ message: "work", workspace: careful }, { wait_s: 30 });
  const [working, talking] = [await ask("work", trusted), await ask("talk", trusted)];
  const waiting = await ask("talk", trusted, working.session_id);
  const proof = await demandedProof(client);
  const watched = Promise.all([working, talking, waiting].map(({ id }) => watch(on, id)));
  await clock.sleep(after_ms);
  steps.set(offset_s);
  const faults = [...(await brokenProof(client, proof)), ...(await brokenApproval(client, asking))];
  const ended = [...(await watched), await watch(on, asking.id)];
  return [...faults, ...unreached(ended, offset_s), ...ended.flatMap(broken)];
}

/** The guard against a clock that never was set: the last event of the round bears its time. */
function unreached(ended: readonly Watched[], offset_s: number): string[] {
  const newest = ended.at(-1)!.events.findLast(isJournalEvent)!.at;
  const off_ms = newest - (clock.now() + offset_s * 1_000);
  return Math.abs(off_ms) < LONG_MS ? [] : [`the clock was ${off_ms} ms off`];
}

function broken({ turn, events, lost }: Watched): string[] {
  const faults: string[] = [];
  const told = (what: string) => faults.push(`${turn.message}: ${what}`);
  if (turn.state !== "done") told(`${turn.state}, ${turn.error?.message}`);
  if (lost > 0) told(`its stream broke ${lost} times`);
  const alarms = ["attempt_failed", "step_restarted", "tool_adopted", "cancel_requested", "parked"];
  for (const { type } of events) if (alarms.includes(type)) told(type);
  if (events.filter(({ type }) => type === "started").length !== 1) told("not one lease");
  for (const event of events)
    if (event.type === "queue" && (event.place.no_later_than_s ?? 0) * 1_000 > LONG_MS)
      told(`it was to wait ${event.place.no_later_than_s} s`);
  for (const { outcome, exit_code, duration_ms } of turn.commands) {
    if (outcome !== "exited" || exit_code !== 0) told(`the command: ${outcome} ${exit_code}`);
    if (duration_ms === null || duration_ms < 600 || duration_ms > LONG_MS)
      told(`the command took ${duration_ms} ms`);
  }
  const numbers = events.filter(isJournalEvent).map(({ seq }) => seq);
  if (numbers.length !== turn.last_event) told(`events ${numbers.join()}`);
  return faults;
}

/** It expires in a week, so it stands on any of these days. */
async function brokenApproval(client: Client, { approvals }: Turn): Promise<string[]> {
  const approval = await client.approvals.get(approvals[0]!);
  if (approval.state !== "pending") return [`the approval is ${approval.state}`];
  const decided = await client.approvals.decide(approval.id, "approve");
  return decided.state === "approved" ? [] : [`the approval stayed ${decided.state}`];
}

interface Proof {
  readonly folder: string;
  readonly file: string;
}

async function demandedProof(client: Client): Promise<Proof> {
  const folder = await newFolder("proof");
  const file = await fileDemanded(client.workspaces.add({ path: folder }));
  return { folder, file };
}

/** A demand is good for a minute: the file counts, or, where the clock went back, a new one does. */
async function brokenProof(client: Client, { folder, file }: Proof): Promise<string[]> {
  const prove = async (name: string) => {
    await writeFile(join(folder, name), "", { flag: "wx" });
    return client.workspaces.add({ path: folder, proof: name });
  };
  try {
    await prove(file);
    return [];
  } catch (fault) {
    if (!(fault instanceof ProblemError)) throw fault;
    if (fault.problem.detail.includes("too old")) return [`the proof: ${fault.problem.detail}`];
    await prove(fault.problem.proof!.file);
    return [];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fileDemanded(asked: Promise<unknown>): Promise<string> {
  const fault = await asked.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (fault instanceof ProblemError && fault.problem.proof) return fault.problem.proof.file;
  throw fault ?? new Error("no proof was asked for");
}

const absent = faketimeLibrary() === null ? " (not run: no libfaketime)" : "";

test.skipIf(absent !== "")(
  `${STEPS} steps of the wall clock by a day: no timer early or late, leases hold${absent}`,
  { timeout: STEPS * 60_000 },
  async () => {
    const on = await open("serve.ts");
    const random = seeded(seed);
    for (let n = 0; n < STEPS; n++) {
      const offset_s = [DAY_S, 0, -DAY_S, 0][n % 4]!;
      const after_ms = random() * ROUND_MS;
      expect(await round(on, offset_s, after_ms), `step ${n}, to ${offset_s} s`).toEqual([]);
    }
    report("clock steps of a day", STEPS, "0 timers early or late, 0 leases lost");
  },
);

test.skipIf(absent !== "")(`a deadline on the wall clock is seen${absent}`, async () => {
  const faults = await round(await open("serve-wall-clock.ts"), DAY_S, 100);
  expect(faults.join()).toContain("too old");
});
