/**
 * The disk of the data fills up under a turn at work, and has room again: what is there can be read
 * all the while, what is new is refused with the reason, and the server is well again by itself.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { mountTmpfs } from "./disks.ts";
import { fill } from "./ballast.ts";
import { createEchoServer, echoOf, type EchoServer } from "./echo-server.ts";
import { lackOfMounting, titled } from "./means.ts";
import { report, rounds } from "./plan.ts";
import { instead } from "./planted.ts";
import { createPromises, type Heard, type Promises } from "./promises.ts";

const lack = lackOfMounting();
const DISK_MB = 8;
/** The target, for a machine that does nothing else; `npm test` runs beside others. */
const HEALED_WITHIN_MS = rounds({ short: 30_000, long: 5_000 });
const LONG_ENOUGH_MS = 4_000;
const REFUSALS = ["disk_full", "disk_nearly_full", "storage_unavailable"];

interface Stage extends EchoServer {
  readonly client: Client;
  readonly promises: Promises;
  readonly ballast: string;
  /** A turn that ended before the disk was full. */
  readonly first: string;
}

async function withStage(
  body: (stage: Stage) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const disk = mountTmpfs(DISK_MB);
  const echo = await createEchoServer(join(disk.folder, "home"));
  const promises = createPromises(echoOf);
  try {
    await echo.server.start("serve.ts", { env });
    const client = await echo.server.client();
    const { id: first } = await client.turns.create({ message: "first" }, { wait_s: 10 });
    const ballast = join(disk.folder, "ballast");
    await body({ ...echo, client, promises, ballast, first });
  } finally {
    await echo.close();
    disk.remove();
  }
}

interface Round {
  readonly faults: readonly string[];
  readonly codes: readonly string[];
  readonly healed_ms: number;
}

async function fullDisk(round: number, stage: Stage, within_ms = HEALED_WITHIN_MS): Promise<Round> {
  const { client, model, promises, ballast } = stage;
  const seen = model.requests.length;
  // Long enough that its answer needs room that is not there; all rounds together fit the disk.
  const message = `held ${round} ${"x".repeat(20_000)}`;
  const letAnswer = stage.holdBack(message);
  expect((await promises.ask(client, message)).heard).toBe("accepted");
  await model.waitForRequest(seen + 1);
  fill(ballast);
  letAnswer();
  const heard = [await promises.ask(client, `full ${round}`)];
  await until(() => isFaulted(client));
  heard.push(await promises.ask(client, `still full ${round}`));
  const faults = [...heard.flatMap(notRefused), ...(await unreadable(stage))];
  rmSync(ballast);
  const from = systemClock.monotonic();
  await until(
    async () => (await promises.ask(client, `room ${round}`)).heard === "accepted",
    from + within_ms,
  );
  const healed_ms = systemClock.monotonic() - from;
  if (healed_ms > within_ms) faults.push("it did not heal in time");
  return { faults, codes: heard.flatMap(codesOf), healed_ms };
}

/** The held turn met the full disk. */
const isFaulted = async (client: Client): Promise<boolean> =>
  (await client.readyz()).checks.some(({ name, ok }) => name === "store" && !ok);

async function until(holds: () => Promise<boolean>, deadline_ms = Infinity): Promise<void> {
  while (!(await holds())) {
    if (systemClock.monotonic() > deadline_ms) return;
    await systemClock.sleep(20);
  }
}

const codesOf = (heard: Heard): string[] => (heard.heard === "refused" ? [heard.problem.code] : []);

function notRefused(heard: Heard): string[] {
  if (heard.heard !== "refused") return [`${heard.heard} on a full disk`];
  const { code, status, retry_after_s } = heard.problem;
  const is_told = REFUSALS.includes(code) && [503, 507].includes(status) && retry_after_s! > 0;
  return is_told ? [] : [`refused with ${status} ${code}`];
}

async function unreadable({ client, first }: Stage): Promise<string[]> {
  const turn = await client.turns.get(first);
  const { items } = await client.sessions.list();
  let events = 0;
  for await (const _ of client.events(first)) events++;
  const is_whole = turn.answer === echoOf("first") && items.length > 0 && events >= turn.last_event;
  return is_whole ? [] : ["not all can be read"];
}

test.skipIf(lack !== null)(
  titled("a full disk: reads live, new turns refused with the reason, well again by itself", lack),
  { timeout: 1_200_000 },
  () =>
    withStage(async (stage) => {
      const times = rounds({ short: 3, long: 30 });
      const all: Round[] = [];
      for (let round = 0; round < times; round++) {
        all.push(await fullDisk(round, stage));
        expect(all.at(-1)!.faults, `round ${round}`).toEqual([]);
      }
      expect(await stage.promises.broken(stage.client)).toEqual([]);
      const healed = all.map(({ healed_ms }) => healed_ms).sort((a, b) => a - b);
      const codes = [...new Set(all.flatMap((round) => round.codes))].sort().join(", ");
      const found =
        `refused with ${codes}; well again after ${Math.round(healed[times >> 1]!)} ms (median), ` +
        `${Math.round(healed.at(-1)!)} ms (longest); 0 of ${stage.promises.acknowledged()} turns lost`;
      report(`disk full (tmpfs of ${DISK_MB} MB)`, times, found);
    }),
);

test.skipIf(lack !== null)(
  titled("planted: a store that does not recover is found out", lack),
  () =>
    withStage(
      async (stage) => {
        const { faults } = await fullDisk(0, stage, LONG_ENOUGH_MS);
        expect(faults).toEqual(["it did not heal in time"]);
      },
      instead("update server_run set", "update no_such_table set", 2),
    ),
);
