/**
 * The disk refuses fsyncs (or writes) of one file of the store: nothing is acknowledged any more,
 * what is there can be read, and when the fault ends the server is well again by itself.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { createEchoServer, echoOf, type EchoServer } from "./echo-server.ts";
import { lackOfTracing, titled } from "./means.ts";
import { report, rounds, seed } from "./plan.ts";
import { instead } from "./planted.ts";
import { createPromises, type Promises } from "./promises.ts";
import { seeded } from "./seeded.ts";
import { inject, type Injection } from "./strace.ts";

const lack = lackOfTracing();
const SYNCS = "fsync,fdatasync";
const WRITES = "write,pwrite64,ftruncate";
const ERRORS = ["EIO", "ENOSPC", "EACCES"];
/** Some of these fill the log, so that it is copied into the database: nothing else syncs that. */
const LARGE = "x".repeat(190_000);
const TRIES = 50;

interface Fault {
  readonly file: string;
  readonly calls: string;
  readonly error: string;
}

const each = (file: string, calls: string): Fault[] =>
  ERRORS.map((error) => ({ file, calls, error }));

const atWork: readonly Fault[] = [
  ...each("mainstay.db-wal", SYNCS),
  ...each("mainstay.db", SYNCS),
  ...each("mainstay.db-wal", WRITES),
  ...each("mainstay.db", WRITES),
  ...each("mainstay.head", WRITES),
];
/** `.` is the folder itself. */
const atStart: readonly Fault[] = [
  ...each("lock.db", SYNCS),
  ...each("mainstay.db-wal", SYNCS),
  ...each(".", SYNCS),
];

interface Stage extends EchoServer {
  readonly home: string;
  readonly client: Client;
  readonly promises: Promises;
  /** A turn that ended before any fault. */
  readonly first: string;
}

async function withStage(
  body: (stage: Stage) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-fsync-"));
  const echo = await createEchoServer(home);
  const promises = createPromises(echoOf);
  try {
    await echo.server.start("serve.ts", { env });
    const client = await echo.server.client();
    const { id: first } = await client.turns.create({ message: "first" }, { wait_s: 10 });
    await body({ ...echo, home, client, promises, first });
    await echo.server.stop("SIGINT");
  } finally {
    await echo.close();
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  }
}

const injectionOf = ({ file, calls, error }: Fault, home: string): Injection => ({
  calls,
  fault: `error=${error}`,
  files: [join(home, file)],
});

const wordsOf = ({ file, calls, error }: Fault): string =>
  `${error} at ${calls === SYNCS ? "fsync" : "write"} of ${file}`;

/** What is wrong with how the server bore the fault, from its first strike until it is well again. */
async function bear(fault: Fault, stage: Stage): Promise<string[]> {
  const { server, home, promises } = stage;
  const trace = await inject(server.pid()!, injectionOf(fault, home));
  const size = fault.file === "mainstay.db" ? LARGE : "";
  for (let tries = 0; tries < TRIES && !trace.has_struck(); tries++)
    await promises.ask(stage.client, `${next()} ${size}`);
  const found = trace.has_struck() ? [] : ["the fault never struck"];
  for (let tries = 0; tries < 3; tries++) {
    const heard = await promises.ask(stage.client, next());
    if (heard.heard !== "refused") found.push(`${heard.heard} after the fault`);
    else if (![503, 507].includes(heard.problem.status)) found.push(heard.problem.title);
  }
  found.push(...(await unreadable(stage)));
  await trace.detach();
  await untilAccepted(stage);
  return found;
}

let asked = 0;
const next = (): string => `question ${++asked}`;

async function unreadable({ client, first }: Stage): Promise<string[]> {
  const faults: string[] = [];
  if ((await client.turns.get(first)).answer !== echoOf("first")) faults.push("not readable");
  const { level } = await client.readyz();
  if (level !== "read-only") faults.push(`the server calls itself ${level}`);
  return faults;
}

/** The server is neither restarted nor told. */
async function untilAccepted({ client, promises }: Stage): Promise<void> {
  const message = next();
  while ((await promises.ask(client, message)).heard !== "accepted") await systemClock.sleep(50);
}

/** Some of them in a short run, others with another seed. */
function chosen(faults: readonly Fault[], count: number): readonly Fault[] {
  const random = seeded(seed);
  return faults
    .map((fault) => ({ fault, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ fault }) => fault);
}

const LONG = 1_200_000;

test.skipIf(lack !== null)(
  titled("fsync and write errors on each file of the store: no acknowledgement after them", lack),
  { timeout: LONG },
  () =>
    withStage(async (stage) => {
      const faults = chosen(atWork, rounds({ short: 3, long: atWork.length }));
      for (const fault of faults) expect(await bear(fault, stage), wordsOf(fault)).toEqual([]);
      // Also what was refused and kept: nothing waits for the next start.
      expect(await stage.promises.broken(stage.client)).toEqual([]);
      await stage.server.stop("SIGTERM");
      await stage.server.start();
      expect(await stage.promises.broken(stage.client)).toEqual([]);
      const found = `0 of ${stage.promises.acknowledged()} turns lost, none taken in meanwhile`;
      report("errors of the disk at work", faults.length, found);
    }),
);

test.skipIf(lack !== null)(
  titled(
    "fsync errors while the server starts: it says so and ends; the next start is clean",
    lack,
  ),
  { timeout: LONG },
  () =>
    withStage(async (stage) => {
      const { server, home, promises, client } = stage;
      const faults = chosen(atStart, rounds({ short: 2, long: atStart.length }));
      for (const fault of faults) {
        await server.stop("SIGTERM");
        const { calls, fault: how, files = [] } = injectionOf(fault, home);
        const trace = ["-f", "-o", "/dev/null", "-e", `inject=${calls}:${how}`];
        const under = ["strace", ...trace, ...files.flatMap((file) => ["-P", file])];
        await expect(server.start("serve.ts", { under })).rejects.toThrow("ended with 1");
        await server.start();
        expect((await promises.ask(client, next())).heard, wordsOf(fault)).toBe("accepted");
        // All have ended before the next restart: a few of them without getting on would poison a turn.
        expect(await promises.broken(client), wordsOf(fault)).toEqual([]);
      }
      const found = `0 of ${promises.acknowledged()} turns lost`;
      report("errors of the disk at the start", faults.length, found);
    }),
);

const synced: Fault = { file: "mainstay.db-wal", calls: SYNCS, error: "EIO" };

test.skipIf(lack !== null)(titled("planted: a store that does not sync is found out", lack), () =>
  withStage(
    async (stage) => {
      const faults = await bear(synced, stage);
      expect(faults).toEqual(expect.arrayContaining(["the fault never struck"]));
      expect(faults).toContain("accepted after the fault");
    },
    instead("synchronous = full", "synchronous = off"),
  ),
);

test.skipIf(lack !== null)(
  titled("planted: checkpoints that keep silent when they fail are found out", lack),
  () =>
    withStage(
      async (stage) => {
        const faults = await bear({ ...synced, file: "mainstay.db" }, stage);
        expect(faults).toContain("accepted after the fault");
      },
      instead("wal_autocheckpoint = 0", "wal_autocheckpoint = 500"),
    ),
);
