/**
 * When the executor ends by itself. It outlives its server, so that the next one finds the commands
 * running; it outlives nobody's need.
 */
import type { Clock } from "@mainstay/sdk/clock";

/** One that no server ever claimed has outlived the server that started it. */
const UNCLAIMED_MS = 60_000;
export const IDLE_MS = 5 * 60_000;

export interface Standing {
  /** A server holds the link. */
  held: boolean;
  ever_held: boolean;
  /** Commands that have not ended. */
  running: number;
  retiring: boolean;
}

export interface Stay {
  for_ms: number;
  why: string;
}

/** How long it stays if nothing changes; null while there is no end to it. */
export function stay(
  { held, ever_held, running, retiring }: Standing,
  idle_ms: number,
): Stay | null {
  if (running > 0) return null;
  if (retiring) return { for_ms: 0, why: "another executor takes its place" };
  if (held) return null;
  if (!ever_held) return { for_ms: UNCLAIMED_MS, why: "no server claimed it" };
  return { for_ms: idle_ms, why: "neither a server nor a command is left" };
}

export interface Life {
  /** Call when something of its standing has changed. */
  reconsider(): void;
  stop(): void;
}

export interface LifeParts {
  clock: Clock;
  idle_ms: number;
  standing(): Standing;
  end(why: string): void;
}

/** Commands begin for a holder only, so nothing begins between the last look and the end. */
export function createLife({ clock, idle_ms, standing, end }: LifeParts): Life {
  let cancel = () => {};
  let over = false;
  return {
    reconsider() {
      cancel();
      cancel = () => {};
      if (over) return;
      const left = stay(standing(), idle_ms);
      if (left === null) return;
      if (left.for_ms === 0) end(left.why);
      else cancel = clock.after(left.for_ms, () => end(left.why));
    },
    stop() {
      over = true;
      cancel();
    },
  };
}
