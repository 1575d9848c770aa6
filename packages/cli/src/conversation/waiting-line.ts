import type { Clock } from "@mainstay/sdk/clock";
import type { ClientEvent } from "@mainstay/sdk/events";
import type { Screen } from "../terminal/screen.ts";
import { heard, no_wait, waitedMs, waitingText } from "./waited-for.ts";

/** A shorter wait is over before it is read. */
const SHOWN_MS = 2_000;
const TICK_MS = 1_000;
/** Where lines stay, the next one comes after twice the time. */
const FIRST_NOTE_MS = 10_000;

export interface WaitingLine {
  /** Called with each event after it was shown. */
  hear(event: ClientEvent): void;
  close(): void;
}

export interface WaitingLineParts {
  screen: Screen;
  clock: Clock;
  /** The server is waited for, which is told elsewhere. */
  isAway: () => boolean;
}

/**
 * Says for whom a turn waits: on a terminal in a line that changes in its place, elsewhere in lines
 * that come ever more rarely.
 */
export function createWaitingLine({ screen, clock, isAway }: WaitingLineParts): WaitingLine {
  let wait = no_wait;
  let next_note_ms = FIRST_NOTE_MS;
  let stopTicking: (() => void) | undefined;

  const say = () => {
    const now_ms = clock.monotonic();
    const waited_ms = waitedMs(wait.waited, now_ms) ?? 0;
    const text = waited_ms < SHOWN_MS || isAway() ? null : waitingText(wait.waited, now_ms);
    if (screen.has_live) return screen.live(text);
    if (text === null || waited_ms < next_note_ms || screen.isWithinLine()) return;
    screen.note(text, "dim");
    while (next_note_ms <= waited_ms) next_note_ms *= 2;
  };
  const tick = () => {
    stopTicking = clock.after(TICK_MS, tick);
    say();
  };
  return {
    hear(event) {
      const before = wait.waited.kind;
      wait = heard(wait, event, clock.monotonic());
      if (wait.waited.kind !== before) next_note_ms = FIRST_NOTE_MS;
      stopTicking ??= clock.after(TICK_MS, tick);
      say();
    },
    close() {
      stopTicking?.();
      if (screen.has_live) screen.live(null);
    },
  };
}
