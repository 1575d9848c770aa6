import { statfs } from "node:fs/promises";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Refusal } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";

const LOOK_EVERY_MS = 1_000;
const RETRY_AFTER_S = 30;
const MB = 1_048_576;

export type DiskState =
  | { readonly state: "roomy"; readonly free_bytes: number }
  | { readonly state: "nearly_full"; readonly free_bytes: number; readonly reserve_bytes: number }
  | { readonly state: "unknown"; readonly message: string };

/** Looks every second how much room the disk of the data has left. */
export interface DiskSpace extends Actor {
  state(): DiskState;
  /** Why nothing new is taken in, so that what runs has room to end; null while there is room. */
  refusal(): Refusal | null;
}

export interface DiskSpaceParts {
  readonly home: string;
  readonly clock: Clock;
  readonly reserve_bytes: number;
}

export function createDiskSpace({ home, clock, reserve_bytes }: DiskSpaceParts): DiskSpace {
  let disk: DiskState = { state: "unknown", message: "nobody has looked yet" };
  let cancelLook = () => {};
  let is_live = false;

  async function look(): Promise<void> {
    disk = await statfs(home).then(
      ({ bavail, blocks, bsize }) =>
        judge({ free_bytes: bavail * bsize, total_bytes: blocks * bsize }, reserve_bytes),
      (fault: unknown) => ({ state: "unknown", message: messageOf(fault) }),
    );
    if (is_live) cancelLook = clock.after(LOOK_EVERY_MS, () => void look());
  }

  return {
    async start() {
      if (is_live) return;
      is_live = true;
      await look();
    },
    async stop() {
      is_live = false;
      cancelLook();
    },
    state: () => disk,
    // A disk that does not even say how full it is fails the store too, which speaks for itself.
    refusal: () => (disk.state === "nearly_full" ? nearlyFull(disk.free_bytes) : null),
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
    `The server's disk has ${Math.floor(free_bytes / MB)} MB left, which are kept for what runs ` +
      "already. Nothing new is taken in until there is more room; history can be read.",
    { retry_after_s: RETRY_AFTER_S },
  );
