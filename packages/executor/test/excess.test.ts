import { expect, test } from "vitest";
import { diskShort, hostShort, memoryBounds, overMemory, reserveOf } from "../src/bounds/excess.ts";

const [MIB, GIB] = [2 ** 20, 2 ** 30];

test("a command may take 4 GiB, and on a small host half of its memory", () => {
  expect(memoryBounds(64 * GIB)).toEqual({ limit_bytes: 4 * GIB, floor_bytes: 512 * MIB });
  expect(memoryBounds(2 * GIB)).toEqual({ limit_bytes: GIB, floor_bytes: 128 * MIB });
});

test("a command is over its memory past the limit, not at it", () => {
  const bounds = memoryBounds(64 * GIB);
  expect(overMemory(4 * GIB, bounds)).toBeNull();
  expect(overMemory(4 * GIB + 1, bounds)).toEqual({
    ...{ cause: "exceeded", bound: "memory" },
    why: "it took more memory than the 4.0 GiB that a command may",
  });
});

test("a host that is short of memory loses the command that takes most", () => {
  const bounds = memoryBounds(8 * GIB);
  const commands = [GIB, 3 * GIB, 2 * GIB].map((taken_bytes) => ({ taken_bytes }));
  expect(hostShort(commands, 512 * MIB, bounds)).toBeNull();
  expect(hostShort([], 0, bounds)).toBeNull();
  const short = hostShort(commands, 511 * MIB, bounds);
  expect(short?.command).toBe(commands[1]);
  expect(short?.halt).toMatchObject({ bound: "memory", why: expect.stringMatching(/^511 MiB of/) });
});

test("a disk's reserve is above the server's, and an eighth of a small disk", () => {
  expect(reserveOf({ total_bytes: 100 * GIB })).toBe(320 * MIB);
  expect(reserveOf({ total_bytes: 80 * MIB })).toBe(10 * MIB);
});

const full = {
  ...{ free_bytes: 319 * MIB, total_bytes: 100 * GIB },
  ...{ free_files: 1_000_000, total_files: 2_000_000 },
};
const none = { at_most: 0, evidence: 0 };
/** Each has taken so much at most, with so much evidence. */
const claims = (...of: [at_most_mib: number, evidence_mib: number][]) =>
  of.map(([at_most, evidence]) => ({
    ...{ bytes: { at_most: at_most * MIB, evidence: evidence * MIB }, files: none },
  }));

test("a disk that is nearly full loses who took most, if anybody took much", () => {
  const commands = claims([10, 10], [900, 900], [40, 40]);
  expect(diskShort(commands, { ...full, free_bytes: 320 * MIB })).toBeNull();
  expect(diskShort(commands, full)).toMatchObject({
    command: commands[1],
    halt: { bound: "disk", why: expect.stringMatching(/^319 MiB was left.*more than any other/) },
  });
  expect(diskShort(claims([15, 15], [3, 3]), full)).toBeNull();
  expect(diskShort([], full)).toBeNull();
});

test("one that may have taken most goes before a neighbour that surely took little", () => {
  const hidden = claims([40, 80], [900, 0]);
  expect(diskShort(hidden, full)?.command).toBe(hidden[1]);
  const equal = claims([900, 0], [900, 1800], [900, 0]);
  expect(diskShort(equal, full)?.command).toBe(equal[1]);
});

test("where nobody can be named, the last that began goes, at the disk's end only", () => {
  const innocent = claims([1, 1], [0, 0]);
  expect(diskShort(innocent, { ...full, free_bytes: 160 * MIB })).toBeNull();
  expect(diskShort(innocent, { ...full, free_bytes: 159 * MIB })).toMatchObject({
    command: innocent[1],
    halt: { why: expect.stringContaining("this one began last") },
  });
});

test("files run out as well, where a disk counts them", () => {
  const files = { at_most: 5_000, evidence: 5_000 };
  const commands = [
    { bytes: none, files },
    { bytes: none, files: none },
  ];
  const disk = { ...full, free_bytes: GIB, free_files: 9_999 };
  expect(diskShort(commands, disk)).toMatchObject({
    command: commands[0],
    halt: { why: expect.stringMatching(/^room for 9999 files/) },
  });
  expect(diskShort(commands, { ...disk, free_files: 0, total_files: 0 })).toBeNull();
});
