import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { type Person, settlePeople } from "./people.ts";
import { endProgram, seen, startProgram } from "./process.ts";
import { type RunningServer, startServer } from "./server.ts";

const LOOK_MS = 10;

/** A provider, a server and its people: three real processes with the bench, talking over loopback. */
export interface House extends AsyncDisposable {
  readonly home: string;
  readonly server: RunningServer;
  readonly provider_url: string;
  readonly people: readonly Person[];
}

export async function openHouse(
  people_count: number,
  clock: Clock,
  how: { noting_lateness?: boolean } = {},
): Promise<House> {
  await using building = new AsyncDisposableStack();
  const home = building.use(await scratchFolder()).path;
  const people = await settlePeople(home, people_count, clock);
  const provider = building.use(await startProvider(clock));
  const server = building.use(
    await startServer({ home, provider_url: provider.url, clock, ...how }),
  );
  const standing = building.move();
  return {
    ...{ home, server, provider_url: provider.url, people },
    [Symbol.asyncDispose]: () => standing.disposeAsync(),
  };
}

export async function scratchFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "mainstay-bench-")));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** `npm run fake-provider` on a free port: it answers at once. */
export async function startProvider(
  clock: Clock,
): Promise<AsyncDisposable & { readonly url: string }> {
  const args = ["packages/fake-provider/src/main.ts", "0"];
  const program = startProgram("scripts/node", args, {});
  const url = await seen(
    program,
    clock,
    LOOK_MS,
    () => /^OPENAI_BASE_URL=(\S+)$/m.exec(program.said())?.[1] ?? null,
  );
  return { url, [Symbol.asyncDispose]: () => endProgram(program, clock) };
}
