import { expect, test } from "vitest";
import { createExecutorKeeper } from "../../src/execution/executor-link.ts";
import { handClock } from "../door/hand-clock.ts";
import { scriptedLink } from "./scripted-link.ts";

test("an executor that hangs holds a server's end for its time only, and whoever ends it is told what to do", async () => {
  const { clock, pass, waiting } = handClock();
  const { link, lose } = scriptedLink();
  let left = false;
  const hung = {
    ...link,
    close: () => new Promise<void>(() => undefined),
    leave: () => Promise.resolve(lose()).then(() => void (left = true)),
  };
  const keeper = createExecutorKeeper({
    open: () => Promise.resolve(hung),
    endUnheld: () => Promise.resolve(false),
    onOutput: () => undefined,
    clock,
  });
  await keeper.link(() => undefined);
  const told = keeper.stop("end").then(
    () => "nothing",
    (fault: unknown) => String(fault),
  );
  await new Promise(setImmediate);
  await pass(60_000);
  expect(await Promise.race([told, new Promise((resolve) => setImmediate(resolve))])).toContain(
    "kill -9 7",
  );
  expect(left).toBe(true);
  expect(waiting()).toBe(0);
});
