import { type Claim, type Target, verdictOf } from "./claim.ts";
import type { Noise } from "./noise.ts";

export interface Report {
  readonly claims: readonly Claim[];
  /** Before the first section and after each. */
  readonly noise: readonly Noise[];
  readonly elapsed_s: number;
}

const peer_figures = `Peers, measured earlier on such a box over such a provider, without sandbox or fsync
(text turn / turn with a command, 50 at once, CPU a turn, ready, memory idle → after work):
  opencode's server  103 / 195 ms,  15 turns/s, 173 ms CPU, 3.5 s, 308 → 854 MB
  codex's server      50 / 114 ms,  18 turns/s,  92 ms CPU,         86 → 292 MB
  goose's (Rust)      52 /  52 ms,  66 turns/s,                     43 → 145 MB`;

export function asTable({ claims, noise, elapsed_s }: Report): string {
  const head = ["claim", "n", "target", "measured", "verdict", "how"];
  const rows = claims.map((claim) => [
    claim.claim,
    String(claim.n),
    claim.target === null ? "" : targetText(claim.target, claim.unit),
    `${rounded(claim.measured)} ${claim.unit}`,
    verdictOf(claim),
    claim.note,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [
    ...[line(head), rule, ...rows.map(line), ""],
    ...[noiseText(noise), `The whole run took ${rounded(elapsed_s)} s.`, "", peer_figures],
  ].join("\n");
}

export function asJson(report: Report): string {
  const claims = report.claims.map((claim) => ({ ...claim, verdict: verdictOf(claim) }));
  return JSON.stringify({ ...report, claims }, null, 2);
}

function targetText({ is, limit, set_by }: Target, unit: string): string {
  const bound = `${is === "at most" ? "≤" : "≥"} ${limit} ${unit}`;
  return set_by === "us" ? bound : `${bound} (${set_by})`;
}

function noiseText(noise: readonly Noise[]): string {
  const moments = noise.map(
    ({ after, cpu_loop_ms, disk_sync_ms }) =>
      `  ${cpu_loop_ms.toFixed(1).padStart(5)} / ${disk_sync_ms.toFixed(2).padStart(5)} ms  after ${after}`,
  );
  return [
    "The machine meanwhile (a fixed CPU loop / a synced write of 4 KB, p50):",
    ...moments,
  ].join("\n");
}

const rounded = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
