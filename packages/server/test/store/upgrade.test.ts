import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Client } from "@mainstay/sdk/client";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { isSettled, type Turn } from "@mainstay/sdk/turn";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Server, startServer } from "../../src/assemble.ts";
import { migrations } from "../../src/store/migrations/migrations.ts";
import { clientFor, configFor, says } from "../house/house.ts";
import { KILLED_AT, layVersion1, turnsOfVersion1 } from "./version-1.ts";

/** An hour after the kill, whatever the year: nothing of the fixture has expired. */
const began = systemClock.monotonic();
const clock: Clock = {
  ...systemClock,
  now: () => KILLED_AT + 3_600_000 + Math.round(systemClock.monotonic() - began),
};

let home: string;
let model: FakeProvider;
let server: Server | null;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "mainstay-upgrade-"));
  await layVersion1(home);
  model = await startFakeProvider({ script: () => says("Late, but here."), clock: systemClock });
  server = null;
});
afterEach(async () => {
  await server?.stop("end");
  await model.close();
  await rm(home, { recursive: true, force: true });
});

async function serve(): Promise<Client> {
  server = await startServer(configFor(home, [model.url]), { clock });
  return clientFor(server.url, (await readFile(join(home, "owner.key"), "utf8")).trim());
}

const told = async (client: Client): Promise<Map<string, Turn>> => {
  const { items } = await client.turns.list({});
  return new Map(items.map((turn) => [turn.id, turn]));
};

const settled = async (client: Client, turn_id: string): Promise<Turn> => {
  for await (const event of client.events(turn_id)) if (event.type === "settled") break;
  return client.turns.get(turn_id);
};

const file = () => join(home, "mainstay.db");

test("every turn that version 1 had ended is told as it told it", async () => {
  const before = await turnsOfVersion1();
  const after = await told(await serve());
  const ended = before.filter((turn) => isSettled(turn.state));
  expect(ended.length).toBeGreaterThanOrEqual(6);
  for (const turn of ended) expect(after.get(turn.id)).toEqual(turn);
  expect(after.size).toBe(before.length);
});

test("what version 1 had not ended goes on: running, queued, parked, awaiting consent", async () => {
  const before = await turnsOfVersion1();
  const client = await serve();
  const of = (state: Turn["state"]) => before.find((turn) => turn.state === state)!.id;
  const answered = { state: "done", answer: "Late, but here." };
  expect(await settled(client, of("running"))).toMatchObject(answered);
  expect(await settled(client, of("queued"))).toMatchObject(answered);
  expect(await settled(client, of("parked"))).toMatchObject(answered);
  const [approval] = (await client.approvals.list()).items;
  expect(approval).toMatchObject({ turn_id: of("awaiting_approval"), state: "pending" });
  await client.approvals.decide(approval!.id, "deny");
  expect(await settled(client, of("awaiting_approval"))).toMatchObject({
    ...answered,
    commands: [],
  });
});

const DIES = join(import.meta.dirname, "dying-migration-program.ts");
const laterVersions = migrations.map((_, index) => index + 1).slice(1);

test.each(laterVersions)(
  "killed in the middle of migration %i, the data is of the version before, and the next start finishes",
  async (version) => {
    const { signal } = spawnSync(process.execPath, [DIES, file(), String(version)]);
    expect(signal).toBe("SIGKILL");
    const db = new DatabaseSync(file());
    expect(db.prepare("pragma user_version").get()).toEqual({ user_version: version - 1 });
    expect(db.prepare("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
    if (version === 2)
      expect(db.prepare("select * from journal").get()).not.toHaveProperty("checksum");
    db.close();
    const before = await turnsOfVersion1();
    const after = await told(await serve());
    for (const turn of before.filter(({ state }) => isSettled(state)))
      expect(after.get(turn.id)).toEqual(turn);
  },
);

test("`mainstay serve` refuses data of a newer program, says so, and leaves it alone", async () => {
  const db = new DatabaseSync(file());
  db.exec("pragma user_version = 99");
  db.close();
  const before = await readFile(file());
  const main = join(import.meta.dirname, "../../../cli/src/main.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, "serve"], {
    env: { PATH: process.env["PATH"], MAINSTAY_HOME: home, MAINSTAY_PORT: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => (complaint += chunk));
  const [code] = await once(child, "close");
  expect(code).toBe(1);
  expect(complaint).toContain(
    `the data has version 99, but this program knows versions up to ${migrations.length}`,
  );
  expect(await readFile(file())).toEqual(before);
});
