import type { Clock } from "@mainstay/sdk/clock";
import type { ClientEvent } from "@mainstay/sdk/events";
import type { Screen } from "../terminal/screen.ts";
import { heard, isOnModel, no_wait, waitedMs, waitingText } from "./waited-for.ts";

/** A shorter wait is over before it is read. */
const SHOWN_MS = 2_000;
const TICK_MS = 1_000;
/** Where lines stay, the next one comes after twice the time. */
const FIRST_NOTE_MS = 10_000;

export interface WaitingLine {
  /** Called with each event after it was shown. */
  hear(event: ClientEvent): void;
  /** What the server says of the wait is said here. */
  tellsStatus(): boolean;
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
 * that come ever more rarely, the first at once where the server itself says that it waits.
 */
export function createWaitingLine({ screen, clock, isAway }: WaitingLineParts): WaitingLine {
  let wait = no_wait;
  let next_note_ms = FIRST_NOTE_MS;
  let is_told = false;
  let stopTicking: (() => void) | undefined;

  const say = () => {
    const now_ms = clock.monotonic();
    const waited_ms = waitedMs(wait.waited, now_ms) ?? 0;
    const is_news = wait.waited.kind === "model" && wait.waited.told !== null;
    const is_due = is_news || waited_ms >= SHOWN_MS;
    const text = is_due && !isAway() ? waitingText(wait.waited, now_ms) : null;
    if (screen.has_live) return screen.live(text);
    if (text === null || screen.isWithinLine()) return;
    if (waited_ms < next_note_ms && (!is_news || is_told)) return;
    is_told ||= is_news;
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
      if (wait.waited.kind !== before) [next_note_ms, is_told] = [FIRST_NOTE_MS, false];
      stopTicking ??= clock.after(TICK_MS, tick);
      say();
    },
    tellsStatus: () => isOnModel(wait),
    close() {
      stopTicking?.();
      if (screen.has_live) screen.live(null);
    },
  };
}
