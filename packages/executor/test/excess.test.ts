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
  const commands = [GIB, 3 * GIB, 2 * GIB].map((resident_bytes) => ({ resident_bytes }));
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

test("a disk that is nearly full loses the command that wrote most, if one wrote much", () => {
  const full = { free_bytes: 319 * MIB, total_bytes: 100 * GIB };
  const wrote = (...sizes_mib: number[]) =>
    sizes_mib.map((size) => ({ written_bytes: size * MIB }));
  const commands = wrote(10, 900, 40);
  expect(diskShort(commands, { ...full, free_bytes: 320 * MIB })).toBeNull();
  expect(diskShort(commands, full)).toMatchObject({
    command: commands[1],
    halt: { bound: "disk", why: expect.stringContaining("it had written 900 MiB") },
  });
  expect(diskShort(wrote(15, 3), full)).toBeNull();
  expect(diskShort([], full)).toBeNull();
});
