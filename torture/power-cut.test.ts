/**
 * The power goes while people ask: ext4 on a loop device takes nothing more, loses what was not
 * synced, and replays its journal at the next start. What a client heard of is noted by the client,
 * which is not on that disk.
 */
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { type LoopDisk, mountLoopDisk } from "./disks.ts";
import { createEchoServer, echoOf } from "./echo-server.ts";
import { lackOfLoopDisks, titled } from "./means.ts";
import { report, rounds, seed } from "./plan.ts";
import { instead } from "./planted.ts";
import { createPromises, type Promises } from "./promises.ts";
import { seeded } from "./seeded.ts";

const lack = lackOfLoopDisks();
const DISK_MB = 96;
const PEOPLE = 8;
const SHORTEST_MS = 100;
const LONGEST_MS = 800;

type Stage = Awaited<ReturnType<typeof createEchoServer>> & {
  readonly disk: LoopDisk;
  readonly promises: Promises;
};

async function withStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const disk = mountLoopDisk(DISK_MB);
  const echo = await createEchoServer(join(disk.folder, "home"));
  try {
    await body({ ...echo, disk, promises: createPromises(echoOf) });
  } finally {
    await echo.close();
    disk.remove();
  }
}

/** People ask until the power goes, `after_ms` from the first acknowledgement on. */
async function cutOnce(
  round: number,
  stage: Stage,
  { after_ms, journal_first }: { readonly after_ms: number; readonly journal_first: boolean },
): Promise<void> {
  const { server, disk, promises } = stage;
  const client = await server.client();
  let has_power = true;
  const person = async (name: number) => {
    for (let n = 0; has_power; n++) await promises.ask(client, `${round}/${name}/${n}`);
  };
  await promises.ask(client, `${round}/first`);
  const people = Array.from({ length: PEOPLE }, (_, name) => person(name));
  await systemClock.sleep(after_ms);
  disk.cutPower(journal_first);
  await server.kill();
  has_power = false;
  await Promise.all(people);
  await disk.restart();
}

test.skipIf(lack !== null)(
  titled("power cuts: no acknowledged turn is lost", lack),
  { timeout: 1_800_000 },
  () =>
    withStage(async (stage) => {
      const { server, promises } = stage;
      const cuts = rounds({ short: 2, long: 30 });
      const random = seeded(seed);
      await server.start();
      for (let cut = 0; cut < cuts; cut++) {
        const after_ms = SHORTEST_MS + random() * (LONGEST_MS - SHORTEST_MS);
        await cutOnce(cut, stage, { after_ms, journal_first: cut % 2 === 1 });
        await server.start();
        expect(await promises.broken(await server.client()), `cut ${cut}`).toEqual([]);
      }
      report("power cut", cuts, `0 of ${promises.acknowledged()} acknowledged turns lost`);
    }),
);

const UNSAFE = ["off", "normal"].slice(0, rounds({ short: 1, long: 2 }));

test.skipIf(lack !== null).each(UNSAFE)(
  titled("planted: with synchronous = %s acknowledged turns are lost", lack),
  { timeout: 120_000 },
  (level) =>
    withStage(async (stage) => {
      const { server, promises } = stage;
      await server.start();
      await server.stop("SIGTERM");
      await server.start("serve.ts", {
        env: instead("synchronous = full", `synchronous = ${level}`),
      });
      await cutOnce(0, stage, { after_ms: LONGEST_MS, journal_first: false });
      await server.start();
      expect((await promises.broken(await server.client())).length).toBeGreaterThan(0);
    }),
);
