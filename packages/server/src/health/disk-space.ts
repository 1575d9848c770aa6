import { statfsSync } from "node:fs";
import { messageOf, Refusal } from "../kernel/errors.ts";

const RETRY_AFTER_S = 5;
const MB = 1_048_576;

export type DiskState =
  | { readonly state: "roomy"; readonly free_bytes: number }
  | { readonly state: "nearly_full"; readonly free_bytes: number; readonly reserve_bytes: number }
  | { readonly state: "unknown"; readonly message: string };

/** How much room the disk of the data has left. */
export interface DiskSpace {
  /** Looked up at each call: a local file system has these numbers in memory. */
  state(): DiskState;
  /** Why nothing new is taken in, so that what runs has room to end; null while there is room. */
  refusal(): Refusal | null;
}

export function createDiskSpace(home: string, reserve_bytes: number): DiskSpace {
  function state(): DiskState {
    try {
      const { bavail, blocks, bsize } = statfsSync(home);
      return judge({ free_bytes: bavail * bsize, total_bytes: blocks * bsize }, reserve_bytes);
    } catch (fault) {
      return { state: "unknown", message: messageOf(fault) };
    }
  }

  return {
    state,
    refusal() {
      const disk = state();
      // A disk that does not even say how full it is fails the store too, which speaks for itself.
      return disk.state === "nearly_full" ? nearlyFull(disk.free_bytes) : null;
    },
  };
}

/** The reserve is at most a tenth of the disk: a small one is not full from the start. */
export function judge(
  { free_bytes, total_bytes }: { readonly free_bytes: number; readonly total_bytes: number },
  most_bytes: number,
): DiskState {
  const reserve_bytes = Math.min(most_bytes, total_bytes / 10);
  return free_bytes < reserve_bytes
    ? { state: "nearly_full", free_bytes, reserve_bytes }
    : { state: "roomy", free_bytes };
}

const nearlyFull = (free_bytes: number): Refusal =>
  new Refusal(
    "disk_nearly_full",
    `${Math.floor(free_bytes / MB)} MB are left, which are kept for what runs already. Nothing new ` +
      "is taken in until there is more room; history can be read.",
    { retry_after_s: RETRY_AFTER_S },
  );
