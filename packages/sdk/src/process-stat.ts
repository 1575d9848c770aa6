/**
 * When the process of a `/proc/PID/stat` text began: field 22, in clock ticks after boot, which names
 * it together with its pid for certain. Null for one that has ended and waits for its parent only.
 */
export function startTimeIn(stat_text: string): string | null {
  // The name in field 2 may hold spaces and parentheses itself; field 3 follows the last one.
  const fields = stat_text.slice(stat_text.lastIndexOf(")") + 2).split(" ");
  const ended = fields[0] === "Z" || fields[0] === "X";
  return ended ? null : (fields[22 - 3] ?? null);
}
