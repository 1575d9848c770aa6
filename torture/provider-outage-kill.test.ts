/**
 * `kill -9` of the server while its turns are parked for want of a model, and again while they are being
 * finished: each is finished once, and no model is asked more at once than it bears.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { createServerProcess } from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { CONCURRENCY, expectOnce, openOutage, type Parked } from "./providers/outage.ts";
import { seeded } from "./seeded.ts";

const TURNS = 20;
const OUTAGES = rounds({ short: 1, long: 10 });
/** After the first was finished: about as long as it takes to finish all. */
const LATEST_KILL_MS = 2_000;

test("turns that are parked when the server is killed are finished once, whenever it is killed again", async () => {
  const random = seeded(seed);
  const home = await mkdtemp(join(tmpdir(), "mainstay-outage-"));
  const outage = await openOutage();
  await writeFile(join(home, "mainstay.json"), JSON.stringify(configOf(outage.urls)));
  const server = await createServerProcess(home, outage.urls[0]!);
  try {
    await server.start();
    const client = await server.client();
    let peak = 0;
    for (let round = 0; round < OUTAGES; round++) {
      outage.begin(0);
      const asked = await askAll(client, round);
      await server.kill();
      outage.end();
      await server.start();
      const finished = asked.map(expectOnce);
      await Promise.race(finished);
      await systemClock.sleep(random() * LATEST_KILL_MS);
      await server.kill();
      await server.start();
      await Promise.all(finished);
      peak = Math.max(peak, outage.peak());
    }
    expect(peak).toBeLessThanOrEqual(1.2 * CONCURRENCY);
    const found = `all finished once, at most ${peak} asked at once of ${CONCURRENCY}`;
    report("both models away, the server killed", OUTAGES * TURNS, found);
  } finally {
    await server.stop("SIGINT");
    await outage.close();
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  }
}, 600_000);

const configOf = (urls: readonly string[]) => ({
  ...{ discover_local: false, log_level: "error" },
  providers: urls.map((base_url, i) => ({
    ...{ id: `fake-${i + 1}`, type: "openai-compatible", base_url, models: ["fake-model"] },
    ...{ api_key_env: "OPENAI_API_KEY", limits: { concurrency: CONCURRENCY } },
  })),
});

const askAll = (client: Client, round: number): Promise<Parked[]> =>
  Promise.all(
    Array.from({ length: TURNS }, async (_, n) => {
      const name = `turn-${round * 1_000 + n}`;
      const { id: turn_id, state } = await client.turns.create({ message: name }, { wait_s: 60 });
      expect(state).toBe("parked");
      return { client, turn_id, name };
    }),
  );
