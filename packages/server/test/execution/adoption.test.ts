import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { ClientEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { calls, openHouse, says } from "../house/house.ts";
import { counted, executorsOf, startCounting } from "./counting.ts";

const LINES = 40;

test("SIGTERM: the command runs on, the next server adopts it, its end is the real one", async () => {
  const { home, server, until, goOn, settled, effects, ends } = await startCounting(LINES);
  expect(await server.stop("SIGTERM")).toBe(0);
  expect(executorsOf(home)).toHaveLength(1);
  await server.start();
  await until(({ type }) => type === "tool_adopted");
  await goOn();
  const turn = await settled();
  expect(turn).toMatchObject({ state: "done", answer: "All told." });
  expect(turn.commands).toMatchObject([{ outcome: "exited", exit_code: 0 }]);
  expect(await effects()).toBe(counted(LINES));
  expect(await ends()).toMatchObject([{ result: expect.stringMatching(`^${counted(LINES)}`) }]);
});

test("SIGKILL: who follows through it sees every line of the output, none twice", async () => {
  const { server, client, turn_id, goOn, settled } = await startCounting(LINES);
  let heard = "";
  let restarted: Promise<void> | null = null;
  for await (const event of client.events(turn_id)) {
    if (event.type === "tool_adopted") await goOn();
    if (event.type !== "output") continue;
    expect(event.offset, "no gap").toBeLessThanOrEqual(heard.length);
    // As every client must: what it has already is not taken again.
    heard += event.text.slice(heard.length - event.offset);
    if (restarted !== null) continue;
    await server.kill();
    restarted = server.start();
  }
  await restarted;
  expect(heard).toBe(counted(LINES));
  expect((await settled()).commands).toMatchObject([{ outcome: "exited", exit_code: 0 }]);
});

test("an adopted command is cancelled like any other", async () => {
  const { server, client, turn_id, until, settled } = await startCounting(LINES);
  await server.kill();
  await server.start();
  await until(({ type }) => type === "tool_adopted");
  await client.turns.cancel(turn_id);
  const turn = await settled();
  expect(turn).toMatchObject({ state: "cancelled" });
  expect(turn.commands).toMatchObject([{ outcome: "exited", cancelled: true }]);
});

test("SIGINT: the command is killed with the server; the next one says so, and what it had printed", async () => {
  const { server, settled, effects, ends } = await startCounting(LINES);
  expect(await server.stop("SIGINT")).toBe(0);
  await server.start();
  const turn = await settled();
  expect(turn).toMatchObject({ state: "done", answer: "All told." });
  expect(turn.commands).toMatchObject([{ outcome: "interrupted", cancelled: true }]);
  expect(await ends()).toMatchObject([{ outcome: "cancelled" }]);
  expect((await ends())[0]?.result).toMatch(
    /^line 1\n[^]*line 20\n\[killed after \d+\.\d s: the server was stopped; it ran in part\]/,
  );
  expect(await effects(), "nothing ran a second time").toBe(counted(LINES / 2));
});

test("an executor that dies is started again; what became of its command is unknown, and said; the turn goes on", async () => {
  const { home, settled, effects, ends } = await startCounting(LINES);
  const [pid] = executorsOf(home);
  process.kill(pid!, "SIGKILL");
  const turn = await settled();
  expect(turn).toMatchObject({ state: "done", answer: "All told." });
  expect(turn.commands).toMatchObject([{ outcome: "unknown" }]);
  expect((await ends())[0]?.result).toMatch(
    /^Outcome unknown: the executor died.*\nBefore .*\nline 1\n/,
  );
  expect(executorsOf(home)).not.toContain(pid);
  const done = await effects();
  expect(done, "nothing ran a second time").toBe(counted(LINES / 2));
});

test("while an older executor finishes its commands the turn waits, and says for what", async () => {
  const house = await openHouse({
    script: [calls("shell", { command: "ls" }), says("Done.")],
  });
  try {
    const older = await olderExecutor(house.home);
    const { id } = await house.client.turns.create({ message: "go" });
    const told = (event: ClientEvent) => event.type === "status";
    const status = await house.until(id, told);
    expect(status).toMatchObject({ text: "an older executor is finishing 2 commands" });
    expect(await house.until(id, told), "who comes later hears it, too").toEqual(status);
    await older.finish();
    await house.until(id, ({ type }) => type === "settled");
    const turn = await house.client.turns.get(id);
    expect(turn.commands).toMatchObject([{ outcome: "exited", exit_code: 0 }]);
  } finally {
    await house.close();
  }
});

/** Says what any executor of another version says to a server that would have it go. */
async function olderExecutor(home: string) {
  const socket_path = join(home, "run", "executor.sock");
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    const say = (line: object) => socket.write(`${JSON.stringify(line)}\n`);
    say({ protocol: 99, nonce: "0".repeat(64), pid: process.pid, build: "older" });
    socket.once("data", () => say({ refused: "stopping", running: 2 }));
  });
  await new Promise<void>((resolve) => server.listen(socket_path, resolve));
  return {
    async finish() {
      await new Promise((resolve) => server.close(resolve));
      rmSync(socket_path, { force: true });
    },
  };
}
