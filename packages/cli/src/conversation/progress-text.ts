import type { CommandProgress } from "@mainstay/sdk/commands";
import { oneLine } from "../terminal/escape.ts";

const LAST_LINE_CHARS = 120;

/** `1 min 12 s of 10 min · 3.4 MB · 45 % · Compiling serde v1.0` */
export function progressText(progress: CommandProgress): string {
  const { elapsed_ms, wall_ms, output_bytes, last_line, percent } = progress;
  const parts = [`${span(elapsed_ms)} of ${span(wall_ms)}`];
  parts.push(output_bytes === 0 ? "no output yet" : bytes(output_bytes));
  if (percent !== null) parts.push(`${Math.floor(percent)} %`);
  const said = oneLine(last_line ?? "", LAST_LINE_CHARS);
  return (said === "" ? parts : [...parts, said]).join(" · ");
}

/** `8 s`, `1 min 12 s`, `2 h 5 min`: whole units, the two largest. */
export function span(duration_ms: number): string {
  const seconds = Math.max(0, Math.floor(duration_ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return withRest(`${minutes} min`, seconds % 60, "s");
  return withRest(`${hours} h`, minutes % 60, "min");
}

const withRest = (most: string, rest: number, unit: string): string =>
  rest === 0 ? most : `${most} ${rest} ${unit}`;

const steps = ["bytes", "kB", "MB", "GB", "TB"];

/** `512 bytes`, `3.4 MB`: powers of 1000. */
export function bytes(count: number): string {
  const step = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), steps.length - 1);
  return `${step === 0 ? count : (count / 1000 ** step).toFixed(1)} ${steps[step]}`;
}
