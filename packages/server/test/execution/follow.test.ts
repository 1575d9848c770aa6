import type { CommandEnd } from "@mainstay/executor/command";
import { ExecutorUnreachable } from "@mainstay/executor/errors";
import type { ExecutorLink } from "@mainstay/executor/launch";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { createExecutorKeeper } from "../../src/execution/executor-link.ts";
import { createFollower, nobody, type Onlooker } from "../../src/execution/follow.ts";
import { createOutputDesk } from "../../src/execution/output-desk.ts";
import { Cancelled, Stopping } from "../../src/kernel/errors.ts";
import { ID, scriptedLink } from "./scripted-link.ts";

const never = new AbortController().signal;
const exited = { outcome: "exited", exit_code: 0 } as CommandEnd;

/** A follower that finds these links, one after another. */
function following(...links: (ExecutorLink | Error)[]) {
  const desk = createOutputDesk();
  const opened = links[Symbol.iterator]();
  const keeper = createExecutorKeeper({
    open: async () => {
      const next = opened.next().value;
      if (next instanceof Error || next === undefined) throw next ?? new Error("no more links");
      return next;
    },
    endUnheld: () => Promise.resolve(false),
    onOutput: desk.hear,
    clock: systemClock,
  });
  const heard: string[] = [];
  const waits: (string | null)[] = [];
  const onlooker: Onlooker = {
    ...nobody,
    output: (offset, text) => void heard.push(`${offset}:${text}`),
    waits: (why) => void waits.push(why),
  };
  const follower = createFollower({ keeper, desk, clock: systemClock });
  const find = (signal = never) => follower.find(ID, signal, onlooker);
  return { keeper, find, heard, waits };
}

async function endOf(standing: Awaited<ReturnType<ReturnType<typeof following>["find"]>>) {
  if (standing.state !== "running") throw new Error(`it is ${standing.state}`);
  return await standing.ended();
}

test("live pieces that come before the kept tail are heard after it", async () => {
  const { link, output, end, tell } = scriptedLink();
  const { find, heard } = following(link);
  const found = find();
  await new Promise(setImmediate);
  tell(6, "early");
  output.resolve({ offset: 0, text: "kept" });
  tell(11, "same breath");
  const standing = await found;
  tell(22, "late");
  end.resolve(exited);
  expect(await endOf(standing)).toBe(exited);
  expect(heard).toEqual(["0:kept", "6:early", "11:same breath", "22:late"]);
});

test("a lost link says nothing of a command: the next executor is asked", async () => {
  const [first, second] = [scriptedLink(), scriptedLink({ state: "ended", end: exited })];
  const { find } = following(first.link, second.link);
  first.output.resolve(null);
  const ended = endOf(await find());
  first.lose();
  expect(await ended).toBe(exited);
});

test("a wish to cancel from before the restart reaches the command that is found running", async () => {
  const { link, output, end, cancelled } = scriptedLink();
  const { find } = following(link);
  output.resolve(null);
  const ended = endOf(await find(AbortSignal.abort(new Cancelled("ada"))));
  expect(cancelled).toEqual([ID]);
  end.resolve(exited);
  expect(await ended).toBe(exited);
});

test("a server that stops lets go at once, kills nothing and decides nothing", async () => {
  for (const how of ["leave", "end"] as const) {
    const { link, output, cancelled } = scriptedLink();
    const { keeper, find } = following(link);
    output.resolve(null);
    const seat = new AbortController();
    const ended = endOf(await find(seat.signal));
    seat.abort(new Stopping());
    await keeper.stop(how);
    await expect(ended).rejects.toThrow(Stopping);
    await expect(find()).rejects.toThrow(Stopping);
    expect(cancelled).toEqual([]);
  }
});

test("a cancelled turn does not wait for an executor that cannot be reached: unknown is said", async () => {
  const fault = new ExecutorUnreachable("no node");
  const seat = new AbortController();
  const { find, waits } = following(fault, fault, fault);
  const found = find(seat.signal);
  await expect.poll(() => waits).toContain("the executor cannot be asked: no node");
  seat.abort(new Cancelled("ada"));
  expect(await found).toMatchObject({
    state: "ended",
    end: { outcome: "interrupted", ran: "maybe", why: expect.stringContaining("no node") },
  });
});
