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
/** Ending a command that wrote less makes no disk fuller or emptier. */
const WRITTEN_LEAST_BYTES = 16 * MIB;

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
export function hostShort<Command extends { resident_bytes: number }>(
  commands: Command[],
  available_bytes: number,
  { floor_bytes }: MemoryBounds,
): { command: Command; halt: Exceeded } | null {
  const command = largest(commands, ({ resident_bytes }) => resident_bytes);
  if (command === null || available_bytes >= floor_bytes) return null;
  const left = `${size(available_bytes)} of memory were left on this machine`;
  return { command, halt: exceeded("memory", `${left}, and it took most of what commands took`) };
}

export interface Disk {
  free_bytes: number;
  total_bytes: number;
}

export function reserveOf({ total_bytes }: Pick<Disk, "total_bytes">): number {
  return Math.min(DISK_RESERVE_BYTES, (total_bytes / 10) * 1.25);
}

/**
 * Where a disk is nearly full, the command that wrote most of all that may write to it. None where
 * none wrote much: somebody else fills it then.
 */
export function diskShort<Command extends { written_bytes: number }>(
  commands: Command[],
  disk: Disk,
): { command: Command; halt: Exceeded } | null {
  if (disk.free_bytes >= reserveOf(disk)) return null;
  const command = largest(commands, ({ written_bytes }) => written_bytes);
  if (command === null || command.written_bytes < WRITTEN_LEAST_BYTES) return null;
  const left = `${size(disk.free_bytes)} were left on the disk that it wrote to`;
  const most = `it had written ${size(command.written_bytes)}, more than any other command`;
  return { command, halt: exceeded("disk", `${left}, and ${most}`) };
}

function largest<Command>(commands: Command[], of: (command: Command) => number): Command | null {
  return commands.reduce<Command | null>(
    (most, one) => (most === null || of(one) > of(most) ? one : most),
    null,
  );
}

const exceeded = (bound: Exceeded["bound"], why: string): Exceeded => ({
  ...{ cause: "exceeded", bound, why },
});

function size(bytes: number): string {
  return bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${Math.round(bytes / MIB)} MiB`;
}
