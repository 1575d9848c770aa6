import { UsageFault } from "../faults.ts";

const seconds_of = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const LONGEST_S = seconds_of.d;

/** Seconds of `90s`, `10m`, `1h30m`, `1d`; throws a `UsageFault` for what is none of these. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([smhd])/g)];
  const read = parts.map(([whole]) => whole).join("");
  const total_s = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * seconds_of[unit as keyof typeof seconds_of],
    0,
  );
  if (read === text && total_s > LONGEST_S)
    throw new UsageFault(`${JSON.stringify(text)} is too long; at most 24h can be given at once`);
  if (read === text && total_s > 0) return total_s;
  throw new UsageFault(`${JSON.stringify(text)} is no time; write 90s, 10m or 1h30m`);
}
