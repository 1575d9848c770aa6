import type { Clock } from "@mainstay/sdk/clock";
import { FileRefused } from "../refused.ts";

/** How long a folder that hung is not tried again, even where its thread has gone at once. */
const REFUSED_MS = 30_000;

/** Folders that did not answer: they are refused at once, so that they cost no more threads. */
export interface SilentFolders {
  /** @throws FileRefused "unanswered" */
  refuse(folder: string): void;
  /** `gone`: the thread that hangs in it is no more. */
  add(folder: string, gone: Promise<void>): void;
}

export function silentFolders(clock: Clock): SilentFolders {
  const silent = new Map<string, { readonly until_ms: number; hangs: boolean }>();
  return {
    refuse(folder) {
      const found = silent.get(folder);
      if (found === undefined) return;
      if (found.hangs || clock.monotonic() < found.until_ms) throw unanswered(folder);
      silent.delete(folder);
    },
    add(folder, gone) {
      const found = { until_ms: clock.monotonic() + REFUSED_MS, hangs: true };
      silent.set(folder, found);
      void gone.then(() => (found.hangs = false));
    },
  };
}

const unanswered = (folder: string) =>
  new FileRefused(
    "unanswered",
    `the disk of ${JSON.stringify(folder)} does not answer; nothing was done. ` +
      "Look whether its file system hangs; it is tried again after half a minute",
  );
