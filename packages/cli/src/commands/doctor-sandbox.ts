/** `mainstay doctor --sandbox`: what the probes found, by area. */
import type { ProbedSandbox } from "@mainstay/server/commands/doctor-sandbox";
import { exit, type ExitCode } from "../exit.ts";
import { hangingRows } from "../terminal/rows.ts";
import type { Screen } from "../terminal/screen.ts";

export async function probeSandbox(screen: Screen, json: boolean): Promise<ExitCode> {
  const { probeSandbox } = await import("@mainstay/server/commands/doctor-sandbox");
  const report = await probeSandbox();
  if (json) screen.json({ ok: report.available, ...report });
  else showProbes(report, screen);
  return report.available ? exit.ok : exit.failed;
}

type Check = ProbedSandbox["checks"][number];

const LEVELS: Record<ProbedSandbox["level"], string> = {
  per_person: "Each person's commands run as a user of their own.",
  shared_user: "All commands run as this user; people are kept apart by mounts only.",
  none: "No command would run here.",
};

/** Areas in a row each, what was found below. */
export function showProbes({ level, checks }: ProbedSandbox, screen: Screen): void {
  for (const [area, probes] of Map.groupBy(checks, ({ area }) => area)) {
    const open = probes.filter(isIn("open"));
    const ok = open.length === 0;
    const held = probes.filter(isIn("held")).length;
    const row = `${ok ? "ok  " : "FAIL"}  ${area.padEnd(13)} ${held} of ${probes.length}`;
    const not_run = probes.filter(isIn("not_run")).length;
    const rest = not_run === 0 ? "" : `, ${not_run} not run`;
    screen.print(row + rest, ok ? "plain" : "bad");
    for (const probe of open) showProbe(probe, screen);
  }
  const held = checks.filter(isIn("held")).length;
  showNotRun(checks.filter(isIn("not_run")), screen);
  screen.print(`${held} of ${checks.length} probes found no way out. ${LEVELS[level]}`, "strong");
}

const isIn = (state: Check["state"]) => (check: Check) => check.state === state;

/** Nobody knows what they would have found. */
function showNotRun(checks: Check[], screen: Screen): void {
  if (checks.length === 0) return;
  const fixes = new Set(checks.flatMap(({ fix }) => fix ?? []));
  screen.print(`${checks.length} not run: ${[...fixes].join("; ")}`, "bad");
}

function showProbe({ name, detail, fix }: Check, screen: Screen): void {
  const columns = screen.on_terminal ? screen.columns() : Infinity;
  const rows = hangingRows("      ", `${name}: ${detail}`, columns);
  for (const row of rows) screen.print(row, "bad");
  if (fix !== null) hangingRows("      → ", fix, columns).forEach((row) => screen.print(row));
}
