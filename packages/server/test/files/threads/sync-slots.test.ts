/** Slots of syncs; invariants Y1 and Y2. */
import { expect, test } from "vitest";
import { freeAllOf, slotsIn, slotsMemory } from "../../../src/files/threads/sync-slots.ts";

const ALL = 12;
const OF_ONE_DISK = 8;

/** Asks of a thread for so many syncs on a disk; `begun` is how many have a slot by now. */
function syncsOf(memory: Int32Array, thread: number) {
  const slots = slotsIn(memory, thread);
  return (disk: number, count: number) => {
    const given: (() => void)[] = [];
    const taking = Array.from({ length: count }, async () => {
      given.push(await slots.take(disk));
    });
    return { given, all: () => Promise.all(taking) };
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("Y2: a disk that hangs keeps nobody from another, and its own wait in line", async () => {
  const memory = slotsMemory();
  const sync = syncsOf(memory, 1);
  const hangs = sync(7, 20);
  const fine = syncsOf(memory, 2)(8, 2);
  await fine.all();
  await settled();
  expect([hangs.given.length, fine.given.length]).toEqual([OF_ONE_DISK, 2]);
  for (let freed = 1; freed <= 12; freed++) {
    hangs.given.shift()?.();
    await settled();
    expect(hangs.given).toHaveLength(OF_ONE_DISK);
  }
  await hangs.all();
});

test("Y1: all of them together have a bound; what one thread gives back another one gets", async () => {
  const memory = slotsMemory();
  const [one, other] = [syncsOf(memory, 1), syncsOf(memory, 2)];
  const held = [one(1, 4), one(2, 4), one(3, 4)];
  await Promise.all(held.map(({ all }) => all()));
  const waits = other(4, 1);
  await settled();
  expect([ALL, waits.given.length]).toEqual([held.flatMap(({ given }) => given).length, 0]);
  held[0]?.given[0]?.();
  await waits.all();
});

test("Y1: what a thread had that has gone is free again", async () => {
  const memory = slotsMemory();
  const hangs = syncsOf(memory, 1)(7, OF_ONE_DISK);
  await hangs.all();
  const next = syncsOf(memory, 2)(7, OF_ONE_DISK);
  await settled();
  expect(next.given).toHaveLength(0);
  freeAllOf(memory, 1);
  await next.all();
});
