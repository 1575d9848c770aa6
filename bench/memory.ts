import type { Clock } from "@mainstay/sdk/clock";
import { ask, type Kind } from "./ask.ts";
import { type Claim, peers } from "./claim.ts";
import type { House } from "./house.ts";
import { executorOf, pssMegabytes } from "./proc.ts";

const TURNS = 500;
const AT_ONCE = 5;
const COMMAND_EVERY = 5;
const SETTLE_MS = 1_000;

/** A server that has done nothing but start its executor, and the same after a day's work. */
export async function measureMemory(house: House, clock: Clock): Promise<Claim[]> {
  await work(house, 0, 1);
  const idle = await read(house, clock);
  await work(house, 1, TURNS);
  const busy = await read(house, clock);
  return [line("idle", idle, 1, 43), line(`after ${TURNS} turns`, busy, TURNS, 145)];
}

function line(when: string, found: Found, n: number, peer_megabytes: number): Claim {
  const { server_megabytes: server, executor_megabytes: executor } = found;
  return {
    claim: `memory (PSS), server and executor, ${when}`,
    n,
    measured: server + executor,
    unit: "MB",
    target: peers("at most", peer_megabytes),
    note: `server ${server.toFixed(0)}, executor ${executor.toFixed(0)}`,
  };
}

interface Found {
  readonly server_megabytes: number;
  readonly executor_megabytes: number;
}

async function read({ home, server }: House, clock: Clock): Promise<Found> {
  await clock.sleep(SETTLE_MS);
  const executor = executorOf(home);
  if (executor === null) throw new Error("there is no executor after a command");
  return {
    server_megabytes: pssMegabytes(server.pid),
    executor_megabytes: pssMegabytes(executor),
  };
}

/** Turns `from` to `to`, a few at once; the first of each five runs a command. */
async function work(house: House, from: number, to: number): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < to) {
      const i = next++;
      const kind: Kind = i % COMMAND_EVERY === 0 ? "command" : "text";
      const person = house.people[i % house.people.length]!;
      if (!(await ask(house.server.url, person, kind, `work-${i}`)))
        throw new Error(`turn ${i} was answered wrongly`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
