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
import { createExecution, type ExecutionParts } from "../../src/execution/execution.ts";
import { createPassages } from "../../src/execution/passages.ts";
import { Cancelled } from "../../src/kernel/errors.ts";
import { limits } from "../../src/kernel/limits.ts";
import { ID, scriptedLink } from "./scripted-link.ts";

const exited = { outcome: "exited", exit_code: 0 } as CommandEnd;
const never: CommandState = { state: "never" };

/** Execution over these links, one after another. */
function over(...links: ExecutorLink[]) {
  const opened = links[Symbol.iterator]();
  return createExecution({
    approvals: {} as ExecutionParts["approvals"],
    pauses: { forCommandOf: () => null, enter: createPassages(() => null).enter },
    openLink: async () => {
      const { value } = opened.next();
      if (value === undefined) throw new Error("no more links");
      return value;
    },
    endUnheld: () => Promise.resolve(false),
    ticket_key: new Uint8Array(32),
    clock: systemClock,
    newId: () => ID,
    limits,
  });
}

/** The end of a command that is handed over now. */
async function started(execution: ReturnType<typeof over>, signal = new AbortController().signal) {
  const planned = await execution.plan({
    ...{ turn_id: "trn_1", step: 1, call_id: "call_1", person: { id: "ada", number: 1 } },
    workspace: { id: "w", path: "/w", ino: "1", owner_uid: 1, trusted: true },
    ...{ intent: "", run: { kind: "script", script: "make" }, profile: "agent", wall_ms: 1_000 },
    decision: null,
  });
  if (planned.kind !== "ready") throw new Error(planned.kind);
  return await planned.run(execution.enter("ada", signal), alone);
}

const alone = { output: () => undefined, waits: () => undefined };

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
  const execution = over(half_closed, link);
  const passage = execution.enter("ada", new AbortController().signal);
  const found = await execution.recover(ID, passage, alone);
  expect(found).toEqual({ state: "ended", end: exited });
  expect(asked()).toBe(1);
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
