/**
 * What of the running step's text is on the screen, and what has to be written next. Live text may
 * come with gaps, overlaps and repeats after a reconnect; `step_ended` has the last word. A pure
 * fold: nothing is written here.
 */
import type { ClientEvent } from "@mainstay/sdk/events";

export interface LiveText {
  step: number;
  attempt: number;
  /** All that is known of this attempt's text. */
  text: string;
  /** How much of it was written, UTF-16 units. */
  written: number;
}

export interface Advance {
  next: LiveText;
  /** To be written now. */
  write: string;
  /** What was written of this step before is void. */
  restarted: boolean;
}

export const no_text: LiveText = { step: 0, attempt: 0, text: "", written: 0 };

export function advance(now: LiveText, event: ClientEvent): Advance {
  switch (event.type) {
    case "delta":
      return delta(now, event);
    case "snapshot":
      return known(now, event, false);
    case "step_ended":
      return known(now, event, true);
    case "step_restarted":
      return dropped(now, event);
    default:
      return nothing(now);
  }
}

interface Piece {
  step: number;
  attempt: number;
  text: string;
}

function delta(now: LiveText, piece: Piece & { offset: number }): Advance {
  if (!sameAttempt(now, piece)) return piece.offset === 0 ? known(now, piece, false) : nothing(now);
  const missing = now.text.length - piece.offset;
  if (missing < 0 || missing >= piece.text.length) return nothing(now);
  return written({ ...now, text: now.text + piece.text.slice(missing) }, false, false);
}

function known(now: LiveText, piece: Piece, complete: boolean): Advance {
  if (isEarlier(piece, now)) return nothing(now);
  const { step, attempt, text } = piece;
  if (sameAttempt(now, piece) && text.startsWith(now.text))
    return written({ ...now, text }, complete, false);
  const restarted = step === now.step && now.written > 0;
  return written({ step, attempt, text, written: 0 }, complete, restarted);
}

function dropped(now: LiveText, { step, attempt }: Omit<Piece, "text">): Advance {
  if (step !== now.step) return nothing(now);
  return { next: { step, attempt, text: "", written: 0 }, write: "", restarted: now.written > 0 };
}

function written(next: LiveText, complete: boolean, restarted: boolean): Advance {
  const end = complete ? next.text.length : wholeCharacters(next.text);
  const write = next.text.slice(next.written, end);
  return { next: { ...next, written: Math.max(end, next.written) }, write, restarted };
}

/** Half of a surrogate pair waits for its other half. */
function wholeCharacters(text: string): number {
  return /[\uD800-\uDBFF]$/.test(text.slice(-1)) ? text.length - 1 : text.length;
}

const nothing = (now: LiveText): Advance => ({ next: now, write: "", restarted: false });

const sameAttempt = (a: Omit<Piece, "text">, b: Omit<Piece, "text">) =>
  a.step === b.step && a.attempt === b.attempt;

const isEarlier = (a: Omit<Piece, "text">, b: Omit<Piece, "text">) =>
  a.step < b.step || (a.step === b.step && a.attempt < b.attempt);
