/**
 * Flipped, overwritten and torn bytes in the data file and its write-ahead log, at rest. A server
 * started on them refuses, or says which turn is damaged; whatever else it tells is what was written.
 */
import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Server, startServer } from "../packages/server/src/assemble.ts";
import { journalChecksum } from "../packages/server/src/store/journal-checksum.ts";
import { calls, clientFor, configFor, says } from "../packages/server/test/house/house.ts";
import { compare, type Difference, read, type Told } from "./journal-told.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const ROUNDS = rounds({ short: 12, long: 500 });
/** What a server leaves behind that the data needs. */
const KEPT = ["mainstay.db", "mainstay.db-wal", "mainstay.head", "owner.key"];
const SECTOR_BYTES = 512;

let scratch: string;
let model: FakeProvider;
let truth: Told;
/** Data of a server that was killed, its log still beside it; and of one that ended. */
const templates = () => [join(scratch, "killed"), join(scratch, "ended")] as const;

const never = new Promise<void>(() => {});
const script: ScriptFunction = ({ messages }) => {
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const message = JSON.stringify(messages[asked]);
  if (message.includes("slow")) return { text: "too late", gate: never };
  if (messages.length > asked + 1) return says(`${"It is done. ".repeat(40)}`);
  if (message.includes("note"))
    return calls("write_file", { intent: "note it", path: "n.txt", content: "n\n".repeat(400) });
  if (message.includes("remove")) return calls("shell", { intent: "remove", command: "rm n.txt" });
  return says(`You said: ${message.slice(0, 2000)}`);
};

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "mainstay-bytes-"));
  model = await startFakeProvider({ script, clock: systemClock });
  const [killed, ended] = templates();
  const home = join(scratch, "home");
  const server = await serve(home);
  const client = clientFor(server.url, await keyOf(home));
  for (let n = 0; n < 4; n++) {
    const { session_id } = await client.turns.create({ message: `word ${n} `.repeat(50) }, WAIT);
    await client.turns.create({ message: `note ${n}`, session_id }, WAIT);
  }
  await client.turns.create({ message: "remove it" }, WAIT);
  const slow = await client.turns.create({ message: "a slow one" });
  for await (const event of client.events(slow.id)) if (event.type === "attempt_started") break;
  truth = await read(server.url, await keyOf(home));
  await copyData(home, killed);
  await server.stop("end");
  await copyData(home, ended);
});
afterAll(async () => {
  await model.close();
  await rm(scratch, { recursive: true, force: true });
});

const WAIT = { wait_s: 60 };
const serve = (home: string): Promise<Server> => startServer(configFor(home, [model.url]));
const keyOf = async (home: string) => (await readFile(join(home, "owner.key"), "utf8")).trim();

async function copyData(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const file of KEPT) await cp(join(from, file), join(to, file)).catch(unlessMissing);
}

function unlessMissing(fault: NodeJS.ErrnoException): void {
  if (fault.code !== "ENOENT") throw fault;
}

/** Changes one place of a file, and says what it did. */
async function spoil(file: string, random: () => number): Promise<string> {
  const bytes = await readFile(file);
  // Half of the places anywhere, half where something is written: most of a young file is empty.
  let at = Math.floor(random() * bytes.length);
  if (random() < 0.5) while (bytes[at] === 0) at = (at + 1) % bytes.length;
  const kind = Math.floor(random() * 5);
  if (kind === 4) {
    await truncate(file, at);
    return `cut at ${at}`;
  }
  if (kind === 3) {
    const from = at - (at % SECTOR_BYTES);
    const stale = Math.floor(random() * (bytes.length / SECTOR_BYTES)) * SECTOR_BYTES;
    bytes.copy(bytes, from, stale, stale + SECTOR_BYTES);
    await writeFile(file, bytes);
    return `sector at ${from} written with that at ${stale}`;
  }
  if (kind === 2) for (let i = at; i < at + 8; i++) bytes[i] = Math.floor(random() * 256);
  else bytes[at]! ^= 1 << Math.floor(random() * 8);
  await writeFile(file, bytes);
  return `${kind === 2 ? "8 bytes" : "a bit"} at ${at}`;
}

/** What a server on this data does: `refused`, or where it differs from the truth. */
async function judge(home: string): Promise<"refused" | Difference> {
  const server = await serve(home).catch((fault: unknown) => fault);
  if (server instanceof Error) {
    expect(server.name).toMatch(/^(?:DataDamaged|DataTooNew|StoreFault)$/u);
    return "refused";
  }
  const { url, stop } = server as Server;
  try {
    return compare(truth, await read(url, await keyOf(home), truth));
  } finally {
    await stop("end");
  }
}

test("the truth is told by undamaged data, whichever way its server went", async () => {
  for (const template of templates()) {
    const home = join(scratch, "whole");
    await cp(template, home, { recursive: true });
    expect(await judge(home)).toEqual({ damaged: 0, untrue: [] });
    await rm(home, { recursive: true });
  }
});

test("no damaged byte of the data is served as true", async () => {
  const random = seeded(seed);
  const found = { refused: 0, damaged: 0, harmless: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const [killed, ended] = templates();
    const home = join(scratch, `round-${round}`);
    const name = round % 3 === 0 ? "mainstay.db-wal" : "mainstay.db";
    await cp(round % 3 === 2 ? ended : killed, home, { recursive: true });
    const what = `${name}: ${await spoil(join(home, name), random)}`;
    const verdict = await judge(home);
    if (verdict === "refused") found.refused++;
    else {
      expect(verdict.untrue, `round ${round}, ${what}`).toEqual([]);
      found[verdict.damaged > 0 ? "damaged" : "harmless"]++;
    }
    await rm(home, { recursive: true, force: true });
  }
  expect(found.refused + found.damaged).toBeGreaterThan(0);
  report("bytes of the data flipped, overwritten or torn", ROUNDS, JSON.stringify(found));
});

test("planted: a change that carries its own checksum is told as true, and the judge sees it", async () => {
  const home = join(scratch, "planted");
  await cp(templates()[1], home, { recursive: true });
  const db = new DatabaseSync(join(home, "mainstay.db"));
  const row = db
    .prepare(
      "select rowid, * from journal where type = 'settled' and body like '%It is done%' limit 1",
    )
    .get()!;
  const body = String(row["body"]).replace("done.", "dome.");
  const checksum = journalChecksum(String(row["turn_id"]), Number(row["at"]), "settled", body);
  db.prepare("update journal set body = ?, checksum = ? where rowid = ?").run(
    ...[body, checksum, Number(row["rowid"])],
  );
  db.close();
  expect(await judge(home)).toMatchObject({ untrue: { length: 3 } });
});
