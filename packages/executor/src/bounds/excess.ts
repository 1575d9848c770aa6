/** Decides which running command has gone past a bound. Pure; sizes in bytes. */
import type { Halt } from "../supervise.ts";

type Exceeded = Extract<Halt, { cause: "exceeded" }>;

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Of one command, where the host is large enough for it. */
const MEMORY_LIMIT_BYTES = 4 * GIB;
/** What the host itself must keep: below it the server would be slow, or be killed. */
const HOST_FLOOR_BYTES = 512 * MIB;
/**
 * What the server keeps of a disk (its `disk_reserve_bytes`) and a quarter more, so that a command ends
 * before the server takes nothing in any more. As there at most a tenth of the disk, as here.
 */
const DISK_RESERVE_BYTES = 256 * MIB * 1.25;
/** Of files, at most a hundredth of those that the disk can have. */
const DISK_RESERVE_FILES = 10_000;
/** Ending a command that took less makes no disk fuller or emptier. */
const TAKEN_LEAST_BYTES = 16 * MIB;
const TAKEN_LEAST_FILES = 1_000;
/** Of a reserve: what is left where a disk is at its end. The server has stopped taking things in. */
const END_SHARE = 1 / 2;

export interface MemoryBounds {
  /** Of one command. */
  limit_bytes: number;
  /** Of what is left on the host. */
  floor_bytes: number;
}

export function memoryBounds(total_bytes: number): MemoryBounds {
  return {
    limit_bytes: Math.min(MEMORY_LIMIT_BYTES, total_bytes / 2),
    floor_bytes: Math.min(HOST_FLOOR_BYTES, total_bytes / 16),
  };
}

export function overMemory(used_bytes: number, { limit_bytes }: MemoryBounds): Exceeded | null {
  if (used_bytes <= limit_bytes) return null;
  return exceeded("memory", `it took more memory than the ${size(limit_bytes)} that a command may`);
}

/** Where the host runs out of memory, the command that takes most of it. */
export function hostShort<Command extends { taken_bytes: number }>(
  commands: Command[],
  available_bytes: number,
  { floor_bytes }: MemoryBounds,
): { command: Command; halt: Exceeded } | null {
  const command = largest(commands, ({ taken_bytes }) => taken_bytes);
  if (command === null || available_bytes >= floor_bytes) return null;
  const left = `${size(available_bytes)} of memory were left on this machine`;
  return { command, halt: exceeded("memory", `${left}, and it took most of what commands took`) };
}

export interface Disk {
  free_bytes: number;
  total_bytes: number;
  free_files: number;
  /** 0 where it does not count them. */
  total_files: number;
}

/** What a command may have taken of a disk since it began, in bytes or in files. */
export interface Taken {
  at_most: number;
  /** Among those that may have taken as much, more is against it. */
  evidence: number;
}

export interface Claim {
  bytes: Taken;
  files: Taken;
}

export function reserveOf({ total_bytes }: Pick<Disk, "total_bytes">): number {
  return Math.min(DISK_RESERVE_BYTES, (total_bytes / 10) * 1.25);
}

function reserveOfFiles({ total_files }: Disk): number {
  return Math.min(DISK_RESERVE_FILES, total_files / 100);
}

/** Whether it is so many times its reserves from being short. */
export function isWithin(disk: Disk, reserves: number): boolean {
  const { free_bytes, free_files } = disk;
  const is_full = free_bytes < reserveOf(disk) * reserves;
  return is_full || free_files < reserveOfFiles(disk) * reserves;
}

/**
 * Where a disk is nearly full, the command to end, of all that may write to it, in the order in which
 * they began. Of those that may have taken half as much as any, the one with most evidence. None where
 * nobody took much, because somebody else fills it then; at the disk's end it is the last that began,
 * since the server's own writes come first.
 */
export function diskShort<Command extends Claim>(
  commands: Command[],
  disk: Disk,
): { command: Command; halt: Exceeded } | null {
  const of_bytes = { left: disk.free_bytes, reserve: reserveOf(disk), least: TAKEN_LEAST_BYTES };
  const of_files = {
    left: disk.free_files,
    reserve: reserveOfFiles(disk),
    least: TAKEN_LEAST_FILES,
  };
  const took_bytes = takerOf(commands, ({ bytes }) => bytes, of_bytes);
  const found = took_bytes ?? takerOf(commands, ({ files }) => files, of_files);
  if (found === null) return null;
  const room = took_bytes === null ? `room for ${disk.free_files} files` : size(disk.free_bytes);
  const why = found.is_last
    ? "no command seems to have filled it, and this one began last"
    : "it had written more than any other command, as far as can be seen";
  const left = `${room} was left on the disk that it wrote to`;
  return { command: found.command, halt: exceeded("disk", `${left}, and ${why}`) };
}

function takerOf<Command>(
  commands: Command[],
  of: (command: Command) => Taken,
  { left, reserve, least }: { left: number; reserve: number; least: number },
): { command: Command; is_last: boolean } | null {
  const last = commands.at(-1);
  if (left >= reserve || last === undefined) return null;
  const most = Math.max(...commands.map((one) => of(one).at_most));
  if (most < least) return left < reserve * END_SHARE ? { command: last, is_last: true } : null;
  const suspects = commands.filter((one) => of(one).at_most >= most / 2);
  const command = largest(suspects, (one) => of(one).evidence);
  return command === null ? null : { command, is_last: false };
}

/** Of equals the last. */
function largest<Command>(commands: Command[], of: (command: Command) => number): Command | null {
  return commands.reduce<Command | null>(
    (most, one) => (most === null || of(one) >= of(most) ? one : most),
    null,
  );
}

const exceeded = (bound: Exceeded["bound"], why: string): Exceeded => ({
  ...{ cause: "exceeded", bound, why },
});

function size(bytes: number): string {
  return bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${Math.round(bytes / MIB)} MiB`;
}
