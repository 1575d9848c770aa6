import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandEnd, CommandState } from "@mainstay/executor/command";
import { ExecutorRefused } from "@mainstay/executor/errors";
import type { ExecutorLink } from "@mainstay/executor/launch";
import { openLink } from "@mainstay/executor/link";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { createExecutorKeeper } from "../../src/execution/executor-link.ts";
import { createFollower, nobody } from "../../src/execution/follow.ts";
import { type AgreedCommand, createHandOver } from "../../src/execution/hand-over.ts";
import { createOutputDesk } from "../../src/execution/output-desk.ts";
import { createPassages } from "../../src/execution/passages.ts";
import { Cancelled, Paused } from "../../src/kernel/errors.ts";
import type { Pause } from "../../src/kernel/pause.ts";
import { ID, scriptedLink } from "./scripted-link.ts";

const exited = { outcome: "exited", exit_code: 0 } as CommandEnd;
const never: CommandState = { state: "never" };

/** The hand-over to these executors, one after another. */
function over(...links: ExecutorLink[]) {
  const opened = links[Symbol.iterator]();
  const desk = createOutputDesk();
  const keeper = createExecutorKeeper({
    open: async () => {
      const { value } = opened.next();
      if (value === undefined) throw new Error("no more links");
      return value;
    },
    endUnheld: () => Promise.resolve(false),
    onOutput: desk.hear,
    clock: systemClock,
  });
  const follower = createFollower({ keeper, desk, clock: systemClock });
  const ticket_key = new Uint8Array(32);
  const handOver = createHandOver({ keeper, follower, desk, ticket_key, clock: systemClock });
  return { handOver, find: follower.find };
}

const agreed: AgreedCommand = {
  plan: {
    ...{ command_id: ID, person_id: "ada", person_uid_number: 1, workspace_id: "w" },
    ...{
      run: { kind: "script", script: "make" },
      profile: "agent",
      stdin: null,
      pins: [],
      network: null,
      openings: [],
    },
    limits: { wall_ms: 1_000, output_bytes: 1_024 },
  },
  person: { number: 1 },
  workspace: { id: "w", path: "/w", ino: "1", owner_uid: 1 },
  openings: [],
  consent: { verdict: "ask", kind: "trust", decided_by: "policy", agreement_id: null },
  intended: Promise.resolve(null),
  lastLook: async () => null,
  refused: async () => undefined,
};

/** The end of a command that is handed over now. */
const started = (
  { handOver }: ReturnType<typeof over>,
  signal = new AbortController().signal,
  command: AgreedCommand = agreed,
) => handOver(command, createPassages(() => null).enter("ada", signal), nobody);

type Scripted = ReturnType<typeof scriptedLink>;

/** Whatever is ready has been done. */
const settled = () => new Promise(setImmediate);

test("a wish to cancel is sent while the executor still prepares the command", async () => {
  const { link, answer, cancelled, end } = scriptedLink();
  const seat = new AbortController();
  const ended = started(over(link), seat.signal);
  await settled();
  seat.abort(new Cancelled("ada"));
  expect(cancelled).toEqual([ID]);
  answer.resolve({ state: "started" });
  end.resolve(exited);
  expect(await ended).toBe(exited);
});

test("what left a marker is not handed over again, and its own reason is told", async () => {
  const why = "the executor died before it began";
  const ends: CommandEnd[] = [
    { outcome: "interrupted", ran: "no", why },
    { outcome: "not_started", why },
    { outcome: "interrupted", ran: "maybe", why },
  ];
  for (const end of ends) {
    const [first, second] = [scriptedLink(), scriptedLink({ state: "ended", end })];
    const ended = started(over(first.link, second.link));
    await settled();
    first.lose();
    expect(await ended).toEqual(end);
    expect(second.ran).toEqual([]);
  }
});

test("what an executor never heard of is handed over again", async () => {
  const [first, second] = [scriptedLink(), scriptedLink(never)];
  const ended = started(over(first.link, second.link));
  await settled();
  first.lose();
  second.answer.resolve({ state: "ended", end: exited });
  expect(await ended).toBe(exited);
  expect([...first.ran, ...second.ran]).toEqual([ID, ID]);
});

test("an executor's fault is no lost executor: it is told, and not tried again", async () => {
  const { link, answer, ran } = scriptedLink(never);
  const ended = started(over(link));
  answer.reject(new ExecutorRefused("internal", "the ledger is upside down"));
  expect(await ended).toEqual({ outcome: "not_started", why: "the ledger is upside down" });
  expect(ran).toEqual([ID]);
});

test("an executor that is going is not asked again: its successor is, once it has gone", async () => {
  const [first, second] = [scriptedLink(never), scriptedLink(never)];
  const ended = started(over(first.link, second.link));
  first.answer.resolve({ state: "refused", code: "stopping", message: "it is going" });
  await settled();
  expect(first.ran).toEqual([ID]);
  first.lose();
  second.answer.resolve({ state: "ended", end: exited });
  expect(await ended).toBe(exited);
  expect([...first.ran, ...second.ran]).toEqual([ID, ID]);
});

test("who wants it cancelled does not wait for an executor that is going", async () => {
  const { link, answer } = scriptedLink(never);
  const seat = new AbortController();
  const ended = started(over(link), seat.signal);
  answer.resolve({ state: "refused", code: "stopping", message: "it is going" });
  await settled();
  seat.abort(new Cancelled("ada"));
  expect(await ended).toEqual({ outcome: "not_started", why: "cancelled by ada" });
});

test("executors that go one after another end it with the last one's reason", async () => {
  const links = [never, never, never].map(scriptedLink);
  const ended = started(over(...links.map(({ link }) => link)));
  for (const { answer, lose } of links) {
    await settled();
    answer.resolve({ state: "refused", code: "stopping", message: "it is going" });
    await settled();
    lose();
  }
  expect(await ended).toEqual({
    outcome: "not_started",
    why: "the executor went away 3 times, at last: it is going",
  });
});

test("a link that has heard the executor's end, but is open, is asked once", async () => {
  const { half_closed, asked } = await halfClosedLink();
  const { link } = scriptedLink({ state: "ended", end: exited });
  const found = await over(half_closed, link).find(ID, new AbortController().signal, nobody);
  expect(found).toEqual({ state: "ended", end: exited });
  expect(asked()).toBe(1);
});

test("nothing is ordered before its intent is on record, nor after its consent was taken back", async () => {
  const intent = Promise.withResolvers<string | null>();
  const { link, ran, answer } = scriptedLink(never);
  const waiting = started(over(link), undefined, { ...agreed, intended: intent.promise });
  await settled();
  expect(ran).toEqual([]);
  answer.resolve({ state: "ended", end: exited });
  intent.resolve(null);
  expect(await waiting).toBe(exited);

  const unwritten = { ...agreed, intended: Promise.resolve("no room on the trail") };
  const taken_back = { ...agreed, lastLook: async () => "the rule was revoked" };
  for (const [command, why] of [
    [unwritten, "no room on the trail"],
    [taken_back, "the rule was revoked"],
  ] as const) {
    const other = scriptedLink(never);
    const end = await started(over(other.link), undefined, command);
    expect(end).toEqual({ outcome: "not_started", why });
    expect(other.ran).toEqual([]);
  }
});

const leaving = { state: "refused", code: "stopping", message: "it is going" } as const;

test.each([
  ["was refused by an executor that is going", ({ answer }: Scripted) => answer.resolve(leaving)],
  ["was lost with its executor", ({ lose }: Scripted) => lose()],
])("a pause that kills does not end what %s: it waits for the lift", async (_, notTake) => {
  const [first, second] = [scriptedLink(never), scriptedLink(never)];
  const registered = Promise.withResolvers<void>();
  const slow = { ...second.link, registerWorkspace: () => registered.promise };
  let pause: Pause | null = null;
  const passages = createPassages(() => pause);
  const passage = passages.enter("ada", new AbortController().signal);
  const ended = over(first.link, slow).handOver(agreed, passage, nobody);
  await settled();
  expect(passages.begun(() => true)).toBe(1);
  notTake(first);
  await settled();
  expect(passages.begun(() => true)).toBe(0);
  pause = { scope: "commands", by: "ada", since: 0, reason: null, ends_running: true };
  passages.end(() => true, pause);
  first.lose();
  registered.resolve();
  await expect(ended).rejects.toBeInstanceOf(Paused);
  expect([...first.ran, ...second.ran]).toEqual([ID]);
});

/** A real link whose executor has sent its FIN, in the very round in which that is heard. */
async function halfClosedLink() {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-half-"));
  const peers: Socket[] = [];
  const server = createServer((peer) => void peers.push(peer.resume()));
  server.listen(join(folder, "socket"));
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const socket = connect(join(folder, "socket")).resume();
  await once(socket, "connect");
  const { link } = openLink(socket, 7, () => undefined);
  let asked = 0;
  const half_closed: ExecutorLink = {
    ...link,
    // A loop of microtasks starves every timer: no other end of this test would come.
    state: (id) => (++asked > 100 ? Promise.resolve(never) : link.state(id)),
  };
  await expect.poll(() => peers.length).toBe(1);
  peers[0]!.end();
  await new Promise<void>((resolve) => socket.once("end", resolve));
  return { half_closed, asked: () => asked };
}
