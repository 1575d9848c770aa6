/** A stretch of time as people say it: `93 s`, `10 min`, `4 h`. */
export function inWords(duration_ms: number): string {
  const seconds = Math.round(duration_ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}
