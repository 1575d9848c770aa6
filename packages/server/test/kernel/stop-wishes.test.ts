import { expect, test } from "vitest";
import { createStopWishes } from "../../src/kernel/stop-wishes.ts";
import { handClock } from "../door/hand-clock.ts";

function wishes() {
  const { clock, pass } = handClock();
  const seen: string[] = [];
  const made = createStopWishes(clock, () => void seen.push("hurry"));
  void made.end.then(() => seen.push("end"));
  return { ...made, pass, seen };
}

test("the first wish says why and how; the same from elsewhere at once is the same", async () => {
  const { signalled, first, pass, seen } = wishes();
  signalled("SIGINT", "end");
  await pass(900);
  signalled("SIGINT", "end");
  expect(await first).toEqual({ why: "SIGINT", how: "end" });
  expect(seen).toEqual(["end"]);
});

test("a later one does not wait for the clean end", async () => {
  const { signalled, wish, pass, seen } = wishes();
  signalled("SIGTERM", "leave");
  await pass(1_100);
  wish("npm is gone", "leave");
  expect(seen, "nobody pressed anything").toEqual([]);
  signalled("SIGTERM", "leave");
  expect(seen).toEqual(["hurry"]);
});

test("who wants the commands' end after somebody left them gets it, and may then hurry", async () => {
  for (const pause_ms of [0, 5_000]) {
    const { signalled, first, pass, seen } = wishes();
    signalled("SIGTERM", "leave");
    await pass(pause_ms);
    signalled("SIGINT", "end");
    expect(await first).toEqual({ why: "SIGTERM", how: "leave" });
    expect(seen).toEqual(["end"]);
    await pass(1_100);
    signalled("SIGINT", "end");
    expect(seen).toEqual(["end", "hurry"]);
  }
});
