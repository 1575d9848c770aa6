/** The part of two texts in which they differ, whole lines. */
interface Differing {
  readonly before: string;
  readonly after: string;
  /** Lines that both have above it and that are left out. */
  readonly lines_above: number;
}

/** With so many lines of context, where there are as many. What is left out is equal in both. */
export function differing(before: string, after: string, context_lines: number): Differing {
  const head = equalAtStart(before, after);
  const tail = equalAtEnd(before, after, Math.min(before.length, after.length) - head);
  const from = linesBack(before, head, context_lines);
  const kept = tail - linesOn(before, before.length - tail, context_lines);
  return {
    before: before.slice(from, before.length - kept),
    after: after.slice(from, after.length - kept),
    lines_above: countLines(before, from),
  };
}

/** In pieces that the engine compares at once, then in smaller ones. */
const PIECES_CHARS = [4_096, 64, 1];

function equalAtStart(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  for (const size of PIECES_CHARS) {
    while (at + size <= most && one.startsWith(other.slice(at, at + size), at)) at += size;
  }
  return at;
}

function equalAtEnd(one: string, other: string, most: number): number {
  let length = 0;
  for (const size of PIECES_CHARS) {
    const isLonger = (): boolean => {
      const end = other.length - length;
      return one.endsWith(other.slice(end - size, end), one.length - length);
    };
    while (length + size <= most && isLonger()) length += size;
  }
  return length;
}

/** Where the line begins that is so many above the one of `at`. */
function linesBack(text: string, at: number, count: number): number {
  let start = text.lastIndexOf("\n", at - 1) + 1;
  if (at === 0) return 0;
  for (let i = 0; i < count && start > 0; i++) {
    start = start === 1 ? 0 : text.lastIndexOf("\n", start - 2) + 1;
  }
  return start;
}

/** How many characters it is from `at` to the end of the line that is so many below. */
function linesOn(text: string, at: number, count: number): number {
  let end = at;
  for (let i = 0; i <= count && end < text.length; i++) {
    const next = text.indexOf("\n", end);
    end = next === -1 ? text.length : next + 1;
  }
  return end - at;
}

function countLines(text: string, until: number): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < until; at = text.indexOf("\n", at + 1)) {
    count++;
  }
  return count;
}
