import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerFolder } from "./folder.ts";
import { calls, clientFor, configFor, says } from "./house.ts";
import { startServer } from "../../src/assemble.ts";
import { endExecutor } from "../../src/commands/end-executor.ts";
import { createServerProcess } from "./server-process.ts";

let home: string;
beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), "mainstay-life-"))));
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 10 }));

/** Processes whose command line names this data folder. */
async function processesOf(folder: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const named = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return line.includes(folder) ? pid : null;
    }),
  );
  return named.filter((pid) => pid !== null);
}

test("SIGINT in the middle of a command: a clean end, no process left, the turn goes on later", async () => {
  const model = await startFakeProvider({
    script: [calls("shell", { command: "echo going; sleep 300" }), says("It was stopped.")],
    clock: systemClock,
  });
  const server = await createServerProcess(home, model.url);
  try {
    await server.start();
    const client = await server.client();
    const folder = await mkdtemp(join(tmpdir(), "mainstay-life-ws-"));
    await registerFolder(client, folder, true);
    const asked = await client.turns.create({ message: "go", workspace: folder });
    for await (const event of client.events(asked.id)) if (event.type === "output") break;
    expect(await server.stop("SIGINT")).toBe(0);
    expect(await processesOf(home)).toEqual([]);
    expect(existsSync(join(home, "run", "server.json"))).toBe(false);
    await server.start();
    for await (const event of client.events(asked.id)) if (event.type === "settled") break;
    const turn = await client.turns.get(asked.id);
    expect(turn).toMatchObject({ state: "done", answer: "It was stopped." });
    expect(turn.commands).toMatchObject([{ outcome: "interrupted" }]);
    await rm(folder, { recursive: true, force: true });
  } finally {
    await server.kill();
    await model.close();
  }
});

test("a second server on the same data is refused, and says who holds it", async () => {
  const server = await createServerProcess(home, "http://127.0.0.1:9/v1");
  await server.start();
  try {
    await expect(startServer(configFor(home, []))).rejects.toThrow(String(server.pid()));
  } finally {
    await server.kill();
  }
});

test("who wants the commands' end while a server is leaving them gets it", async () => {
  const server = await startServer(configFor(home, []));
  const key = (await readFile(join(home, "owner.key"), "utf8")).trim();
  const client = clientFor(server.url, key);
  const folder = await mkdtemp(join(tmpdir(), "mainstay-life-ws-"));
  try {
    await registerFolder(client, folder, true);
    const message = "!echo going; sleep 300";
    const { id } = await client.turns.create({ message, workspace: folder });
    for await (const event of client.events(id)) if (event.type === "output") break;
    const left = server.stop("leave");
    await server.stop("end");
    await left;
    expect(await processesOf(home)).toEqual([]);
  } finally {
    await endExecutor(home, systemClock);
    await rm(folder, { recursive: true, force: true });
  }
});
