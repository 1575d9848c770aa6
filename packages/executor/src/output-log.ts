/**
 * All that commands print, byte for byte, in `home/exec/output`, one file a command: for people who
 * want more than the head and tail that an end holds.
 *
 * 1. A log is the beginning of its command's output without a gap, up to `of_command_bytes`. What the
 *    disk did not take, or the bound left no room for, is missing at its end, never in between.
 * 2. All logs together stay within `in_all_bytes` and `in_all_files`: the log of the command that ended
 *    first makes room. Those of running commands are kept; where nothing else is left the new one is cut.
 * 3. A log is never synced: it survives the process, not the host. The end's digest tells.
 * 4. A command without output has no file.
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import type { LogPiece } from "./protocol.ts";

const SUFFIX = ".log";

export interface LogBounds {
  of_command_bytes: number;
  in_all_bytes: number;
  in_all_files: number;
  /** Since the command's end. */
  keep_ms: number;
}

export const LOG_BOUNDS: LogBounds = {
  of_command_bytes: 64 << 20,
  in_all_bytes: 1 << 30,
  in_all_files: 10_000,
  keep_ms: 14 * 24 * 60 * 60 * 1000,
};

export interface LogFile {
  /** Never throws: output is worth less than its command. */
  add(chunk: Buffer): void;
  close(): void;
}

export interface OutputLogs {
  begin(command_id: string): LogFile;
  /** At most `limit_bytes` from byte `from`; nothing of a command that has no log (any more). */
  read(
    command_id: string,
    from: number,
    limit_bytes: number,
  ): Promise<Pick<LogPiece, "from" | "bytes" | "log_bytes">>;
  bytes(): number;
}

/** `ended_at` is wall time; null while its command runs. */
interface Log {
  bytes: number;
  ended_at: number | null;
}

export interface LogParts {
  clock: Clock;
  log(text: string): void;
}

export function openOutputLogs(
  home: string,
  { clock, log }: LogParts,
  bounds: LogBounds = LOG_BOUNDS,
): OutputLogs {
  const folder = join(home, "exec", "output");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (command_id: string) => join(folder, `${command_id}${SUFFIX}`);
  /** Ended ones in the order of their ends, running ones anywhere between. */
  const logs = logsIn(folder);
  let all_bytes = [...logs.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  function begin(command_id: string): LogFile {
    expire();
    const own: Log = { bytes: 0, ended_at: null };
    let handle: number | null = null;
    let is_over = false;

    function write(chunk: Buffer): void {
      const fitting = chunk.subarray(0, bounds.of_command_bytes - own.bytes);
      if (fitting.length === 0) return;
      handle ??= create();
      makeRoom(fitting.length);
      const written = writeSync(handle, fitting);
      own.bytes += written;
      all_bytes += written;
      if (written < fitting.length) throw new Error("the disk took only a part of it");
    }

    function create(): number {
      const created = openSync(path(command_id), "wx", 0o600);
      logs.set(command_id, own);
      return created;
    }

    return {
      add(chunk) {
        if (is_over) return;
        try {
          write(chunk);
        } catch (error) {
          is_over = true;
          log(`the log of ${command_id} ends at ${own.bytes} bytes: ${(error as Error).message}`);
        }
      },
      close() {
        is_over = true;
        if (handle === null) return;
        closeSync(handle);
        handle = null;
        own.ended_at = clock.now();
        logs.delete(command_id);
        logs.set(command_id, own);
      },
    };
  }

  /** Throws where only logs of running commands are left to make it. */
  function makeRoom(more_bytes: number): void {
    const fits = () =>
      all_bytes + more_bytes <= bounds.in_all_bytes && logs.size <= bounds.in_all_files;
    for (const [command_id, { ended_at }] of logs) {
      if (fits()) return;
      if (ended_at !== null) drop(command_id);
    }
    if (!fits()) throw new Error("the logs of other running commands take all the room");
  }

  function expire(): void {
    const until = clock.now() - bounds.keep_ms;
    for (const [command_id, { ended_at }] of logs) {
      if (ended_at === null) continue;
      if (ended_at > until) return;
      drop(command_id);
    }
  }

  function drop(command_id: string): void {
    all_bytes -= logs.get(command_id)?.bytes ?? 0;
    logs.delete(command_id);
    rmSync(path(command_id), { force: true });
  }

  return {
    begin,
    async read(command_id, from, limit_bytes) {
      const log_bytes = logs.get(command_id)?.bytes ?? 0;
      const start = Math.min(from, log_bytes);
      const wanted = Math.min(limit_bytes, log_bytes - start);
      return { from: start, bytes: await readPart(path(command_id), start, wanted), log_bytes };
    },
    bytes: () => all_bytes,
  };
}

/** What earlier executors left, the oldest first. */
function logsIn(folder: string): Map<string, Log> {
  const found = readdirSync(folder).map((name) => {
    const { size, mtimeMs } = statSync(join(folder, name));
    return [name.slice(0, -SUFFIX.length), { bytes: size, ended_at: mtimeMs }] as const;
  });
  return new Map(found.toSorted(([, one], [, other]) => one.ended_at - other.ended_at));
}

async function readPart(file: string, from: number, length: number): Promise<LogPiece["bytes"]> {
  if (length === 0) return Buffer.alloc(0);
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
}
