/**
 * A command's text for those who watch, at a pace that a flood cannot raise.
 *
 * 1. What comes after a rest is told at once; what follows is gathered and told every PACE_MS.
 * 2. Of what is gathered only the last GATHERED_UNITS are told: the next offset says how much was
 *    passed over. No character is cut.
 * 3. `flush` leaves nothing gathered, and no timer.
 */
import type { Clock } from "@mainstay/sdk/clock";

const PACE_MS = 100;
/** Of UTF-16. A flood shows 320,000 of them a second: some hundred pages. */
const GATHERED_UNITS = 32 << 10;

export interface LiveText {
  push(text: string): void;
  flush(): void;
  /** Of UTF-16, since the command began. */
  units(): number;
}

/** `tell` gets text with its offset in UTF-16 units. */
export function paceText(clock: Clock, tell: (offset: number, text: string) => void): LiveText {
  let gathered: string[] = [];
  let gathered_units = 0;
  let units = 0;
  let stopTimer: (() => void) | null = null;

  function gather(text: string): void {
    units += text.length;
    gathered.push(text);
    gathered_units += text.length;
    while (gathered_units - gathered[0]!.length >= GATHERED_UNITS) {
      gathered_units -= gathered.shift()!.length;
    }
  }

  function flush(): void {
    stopTimer?.();
    stopTimer = null;
    if (gathered.length === 0) return;
    const text = withoutHalf(gathered.join("").slice(-GATHERED_UNITS));
    gathered = [];
    gathered_units = 0;
    tell(units - text.length, text);
  }

  function flushThenRest(): void {
    const was_quiet = gathered.length === 0;
    flush();
    if (!was_quiet) stopTimer = clock.after(PACE_MS, flushThenRest);
  }

  return {
    push(text) {
      gather(text);
      if (stopTimer === null) flushThenRest();
    },
    flush,
    units: () => units,
  };
}

/** Where the cut fell within a surrogate pair, its second half goes too. */
const withoutHalf = (text: string): string =>
  /^[\udc00-\udfff]/.test(text) ? text.slice(1) : text;
