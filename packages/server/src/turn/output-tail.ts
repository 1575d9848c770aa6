import type { LiveEvent } from "@mainstay/sdk/events";

type Output = Extract<LiveEvent, { type: "output" }>;

/** UTF-16 units kept of a running call's output: 64 KiB of memory. */
const TAIL_CHARS = 32_768;

/**
 * Adds what came at `offset` to what is kept of a call's output. Both are whole stretches of it: a
 * piece that overlaps is cut to what is new, one that leaves a gap begins another stretch.
 *
 * @returns the tail to keep and the new part to tell; null when nothing is new.
 */
export function growTail(kept: Output | undefined, piece: Output): Grown | null {
  const end = kept === undefined ? piece.offset : kept.offset + kept.text.length;
  const known = Math.max(0, end - piece.offset);
  if (known >= piece.text.length) return null;
  const news = { ...piece, offset: piece.offset + known, text: piece.text.slice(known) };
  if (kept === undefined || news.offset > end) return { tail: lastOf(news), news };
  return { tail: lastOf({ ...kept, text: kept.text + news.text }), news };
}

interface Grown {
  readonly tail: Output;
  readonly news: Output;
}

function lastOf(output: Output): Output {
  const over = output.text.length - TAIL_CHARS;
  if (over <= 0) return output;
  return { ...output, offset: output.offset + over, text: output.text.slice(over) };
}
