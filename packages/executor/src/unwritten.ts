/**
 * Ends that the disk did not take. Who waits hears them at once, and until the disk takes them they
 * are told from here; an executor that dies first leaves its successor to say "maybe".
 */
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandEnd } from "./command.ts";

const RETRY_MS = 1_000;

export interface Unwritten {
  /** Writes the end; resolves when it is on disk, or kept here until the disk takes it. */
  write(command_id: string, end: CommandEnd): Promise<void>;
  find(command_id: string): CommandEnd | null;
  /** Tries once more and gives up. */
  stop(): Promise<void>;
}

export interface UnwrittenParts {
  /** Rejects where the disk does not take it. */
  write(command_id: string, end: CommandEnd): Promise<void>;
  clock: Clock;
  log(text: string): void;
}

/** Bounded by the commands that ran: while an end cannot be written, no `started` can either. */
export function keepUnwritten({ write, clock, log }: UnwrittenParts): Unwritten {
  const ends = new Map<string, CommandEnd>();
  let cancel = () => {};

  async function retry(): Promise<void> {
    for (const [command_id, end] of ends) {
      try {
        await write(command_id, end);
      } catch {
        return; // it was logged when it began
      }
      ends.delete(command_id);
      log(`the end of ${command_id} is written now`);
    }
  }

  function retryLater(): void {
    cancel();
    cancel = clock.after(RETRY_MS, () => {
      void retry().then(() => {
        if (ends.size > 0) retryLater();
      });
    });
  }

  return {
    async write(command_id, end) {
      try {
        await write(command_id, end);
      } catch (error) {
        log(`the end of ${command_id} could not be written: ${(error as Error).message}`);
        ends.set(command_id, end);
        retryLater();
      }
    },
    find: (command_id) => ends.get(command_id) ?? null,
    async stop() {
      cancel();
      await retry();
    },
  };
}
