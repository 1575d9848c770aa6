/**
 * The output of running commands on disk, `home/exec/spool`, one file a command, so that an executor
 * that was killed can still tell what an interrupted command had printed.
 *
 * 1. What is told live is in the file before, never synced: it survives the process, not the host.
 * 2. A file holds the limit of its command's output twice at most; then it is written anew as head
 *    and tail, when something is about to be told: not for every piece of a flood. A command without
 *    output has none.
 * 3. Every record has a checksum that its command's id is part of. What follows the first one that
 *    does not fit is not believed.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";
import { joinOutput, headLimit, type OutputKeeper } from "../output.ts";
import { readRecords, record, type Records, SPOOL_HEAD_BYTES, spoolHead } from "./records.ts";

export interface Spooled {
  output: string;
  output_truncated: boolean;
  damage: string | null;
}

export interface SpoolFile {
  /** `kept` of `begin` has the chunk by now. Never throws: output is worth less than its command. */
  add(chunk: Buffer): void;
  /** All that was added is in the file when this returns. */
  catchUp(): void;
  close(): void;
}

export interface Spool {
  begin(command_id: string, limit_bytes: number, kept: OutputKeeper): SpoolFile;
  /** Null where the command has no file. */
  read(command_id: string): Spooled | null;
  /** Its end is durable. */
  discard(command_id: string): void;
  /** Whatever lies there belongs to a command that has ended, or to none. */
  clear(): void;
  bytes(): number;
}

/** The most that the file of a command with this limit takes. */
export const spoolFileBytes = (limit_bytes: number) => 2 * limit_bytes;

export function openSpool(home: string, log: (text: string) => void): Spool {
  const folder = join(home, "exec", "spool");
  const sizes = new Map<string, number>();
  const path = (command_id: string) => join(folder, `${command_id}.out`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  function begin(command_id: string, limit_bytes: number, kept: OutputKeeper): SpoolFile {
    const file = path(command_id);
    let handle: number | null = null;
    let is_behind = false;
    let is_over = false;

    function unlessOver(write: () => void): void {
      if (is_over) return;
      try {
        write();
      } catch (error) {
        is_over = true;
        log(`the output of ${command_id} is not kept on disk: ${(error as Error).message}`);
      }
    }

    function append(chunk: Buffer): void {
      const added = record(command_id, kept.bytes() - chunk.length, chunk);
      const size = (sizes.get(command_id) ?? SPOOL_HEAD_BYTES) + byteLength(added);
      is_behind ||= size > spoolFileBytes(limit_bytes);
      if (is_behind) return;
      handle ??= create(file, [spoolHead(command_id, limit_bytes)]);
      writeAll(handle, added);
      sizes.set(command_id, size);
    }

    function writeAnew(): void {
      const { head, tail } = kept.parts();
      const tail_offset = kept.bytes() - tail.length;
      const whole = [
        spoolHead(command_id, limit_bytes),
        ...record(command_id, 0, head),
        ...record(command_id, tail_offset, tail),
      ];
      const fresh = create(`${file}.new`, whole);
      renameSync(`${file}.new`, file);
      close();
      handle = fresh;
      sizes.set(command_id, byteLength(whole));
      is_behind = false;
    }

    function close(): void {
      if (handle !== null) closeSync(handle);
      handle = null;
    }

    return {
      add: (chunk) => unlessOver(() => append(chunk)),
      catchUp() {
        if (is_behind) unlessOver(writeAnew);
      },
      close() {
        is_over = true;
        close();
      },
    };
  }

  return {
    begin,
    read(command_id) {
      const bytes = readIfThere(path(command_id));
      return bytes === null ? null : restore(readRecords(command_id, bytes));
    },
    discard(command_id) {
      if (sizes.delete(command_id)) rmSync(path(command_id), { force: true });
    },
    clear() {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { mode: 0o700 });
    },
    bytes: () => [...sizes.values()].reduce((sum, size) => sum + size, 0),
  };
}

function create(file: string, content: Buffer[]): number {
  const handle = openSync(file, "w", 0o600);
  try {
    writeAll(handle, content);
    return handle;
  } catch (error) {
    closeSync(handle);
    rmSync(file, { force: true });
    throw error;
  }
}

const byteLength = (parts: Buffer[]) => parts.reduce((sum, { length }) => sum + length, 0);

function writeAll(handle: number, parts: Buffer[]): void {
  const written = writevSync(handle, parts);
  if (written !== byteLength(parts)) throw new Error("the disk took only a part of it");
}

function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Where head and tail do not touch, the text says how much is left out, as at a command's end. */
function restore({ limit_bytes, extents, damage }: Records): Spooled {
  const [first = nothing, second] = extents;
  const last = second ?? first;
  const head = first.bytes.subarray(0, headLimit(limit_bytes));
  const rest = second === undefined ? first.bytes.subarray(head.length) : second.bytes;
  const tail = rest.subarray(Math.max(0, rest.length - (limit_bytes - headLimit(limit_bytes))));
  const kept = joinOutput(head, tail, last.offset + last.bytes.length);
  return { ...kept, output_truncated: kept.output_truncated || damage !== null, damage };
}

const nothing = { offset: 0, bytes: Buffer.alloc(0) };
