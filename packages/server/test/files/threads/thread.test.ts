/** Threads that answer, hang and break; invariants T1–T3. */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { FileRefused } from "../../../src/files/refused.ts";
import { slotsMemory } from "../../../src/files/threads/sync-slots.ts";
import { createThread, type ThreadParts, Unanswered } from "../../../src/files/threads/thread.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { gate } from "./gate.ts";
import { heldClock, passLimitOf } from "./held-clock.ts";
import type { Odd } from "./odd-thread-program.ts";

function threadWith(parts: Partial<ThreadParts> = {}) {
  const thread = createThread<{ given: [{ odd: Odd }] }, number>({
    ...{ url: new URL("./odd-thread-program.ts", import.meta.url), name: "odd", data: null },
    ...{ clock: systemClock, log: createLog("silent"), answer_limit_ms: 20_000, idle_ms: 60_000 },
    slots: slotsMemory(),
    ...parts,
  });
  onTestFinished(() => thread.end());
  return { ...thread, ask: (odd: Odd) => thread.ask({ given: [{ odd }] }) };
}

const faultOf = (asked: Promise<unknown>) =>
  asked.then(
    () => null,
    (fault: unknown) => fault,
  );

test("refusals cross the border as themselves, faults with their trace, and the thread goes on", async () => {
  const thread = threadWith();
  const first = await thread.ask({ do: "answer" });
  const refused = await faultOf(thread.ask({ do: "refuse" }));
  expect(refused).toBeInstanceOf(FileRefused);
  expect(refused).toMatchObject({ fault: "conflict", message: "somebody else was faster" });
  const fault = await faultOf(thread.ask({ do: "throw" }));
  expect(fault).toMatchObject({ message: "a fault of ours" });
  expect((fault as Error).cause).toMatch(/TypeError.*\n.*odd-thread-program/);
  expect(await thread.ask({ do: "answer" })).toBe(first);
});

test("T1: a thread without wishes ends, and the next wish has another", async () => {
  const begun = once(process, "worker");
  const thread = threadWith({ idle_ms: 1 });
  expect(thread.load()).toBeNull();
  const first = await thread.ask({ do: "answer" });
  const [worker] = (await begun) as [Worker];
  await once(worker, "exit");
  expect(thread.load()).toBeNull();
  expect(await thread.ask({ do: "answer" })).not.toBe(first);
});

test("T2: who hangs is told from who shared its thread, though that one asked first", async () => {
  const clock = heldClock();
  const thread = threadWith({ clock });
  const [waiting, hanging] = [gate(), gate()];
  const shared = faultOf(thread.ask(waiting.wait));
  const hangs = faultOf(thread.ask(hanging.hang));
  const behind = faultOf(thread.ask({ do: "answer" }));
  await hanging.begun();
  expect(thread.load()).toBe(3);
  passLimitOf(clock);
  expect(await hangs).toMatchObject({ fault: "unanswered", why: "stuck" });
  for (const lost of [shared, behind]) expect(await lost).toMatchObject({ why: "lost" });
  await ((await hangs) as Unanswered).gone;
  expect(await thread.ask({ do: "answer" })).toBeGreaterThan(0);
});

test("T2: who hangs after it had to wait is told from those who wait", async () => {
  const clock = heldClock();
  const thread = threadWith({ clock });
  const [waiting, first, then] = [gate(), gate(), gate()];
  const shared = faultOf(thread.ask(waiting.wait));
  const hangs = faultOf(thread.ask({ do: "wait, then hang", wait: first.wait, hang: then.hang }));
  await Promise.all([waiting.begun(), first.begun()]);
  first.open();
  await then.begun();
  passLimitOf(clock);
  expect(await hangs).toMatchObject({ why: "stuck" });
  expect(await shared).toMatchObject({ why: "lost" });
});

test("T2: who waits for ever without holding the thread is the one that hangs", async () => {
  const clock = heldClock();
  const thread = threadWith({ clock });
  const waits = faultOf(thread.ask(gate().wait));
  await thread.ask({ do: "answer" });
  passLimitOf(clock);
  expect(await waits).toMatchObject({ why: "stuck" });
});

test("T2: a thread that breaks loses its wishes, and the next wish has another", async () => {
  const thread = threadWith();
  const waits = faultOf(thread.ask(gate().wait));
  await faultOf(thread.ask({ do: "break" }));
  expect(await waits).toMatchObject({ why: "ended" });
  expect(await thread.ask({ do: "answer" })).toBeGreaterThan(0);
});

test("T3: when the process was stopped for long, no wish is overdue for that", async () => {
  const clock = heldClock();
  const thread = threadWith({ clock });
  const { wait, open } = gate();
  const asked = thread.ask(wait);
  clock.advance(3_600_000);
  open();
  expect(await asked).toBeGreaterThan(0);
});
