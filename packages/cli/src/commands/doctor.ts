import { Command } from "commander";
import type { Config } from "../config.ts";
import type { ConnectParts } from "../connect.ts";
import { exit } from "../exit.ts";
import type { Run } from "../program.ts";
import { hangingRows } from "../terminal/rows.ts";
import type { Screen } from "../terminal/screen.ts";
import { probeSandbox } from "./doctor-sandbox.ts";
import { type Check, lookAtServer } from "./doctor-server.ts";

export interface DoctorParts extends ConnectParts {
  run: Run;
  screen: Screen;
  config: Config;
}

export function doctorCommand(parts: DoctorParts): Command {
  const { run, screen } = parts;
  return new Command("doctor")
    .description("check what Mainstay stands on, and say how to mend what is missing")
    .option("--sandbox", "try all ways out of the sandbox, also those that take seconds")
    .option("--json", "print {ok, checks} as JSON")
    .addHelpText("after", "\nExamples:\n  $ mainstay doctor\n  $ mainstay doctor --sandbox")
    .action(({ json, sandbox }: { json?: boolean; sandbox?: boolean }) =>
      run(async () => {
        if (sandbox) return probeSandbox(screen, json === true);
        const { doctor } = await import("@mainstay/server/commands/doctor");
        const there = await lookAtServer(parts.config, parts);
        const here = (await doctor(there.spool)).checks;
        const checks = [...here.flatMap((check) => there.regard(check)), ...there.checks];
        const ok = checks.every((check) => check.ok);
        if (json) screen.json({ ok, checks });
        else showChecks(checks, screen);
        return ok ? exit.ok : exit.failed;
      }),
    );
}

function showChecks(checks: readonly Check[], screen: Screen): void {
  const columns = screen.on_terminal ? screen.columns() : Infinity;
  for (const { area, name, ok, warns, detail, fix } of checks) {
    const head = `${ok ? (warns ? "warn" : "ok  ") : "FAIL"}  ${area.padEnd(13)} `;
    for (const row of hangingRows(head, `${name}: ${detail}`, columns))
      screen.print(row, ok ? "plain" : "bad");
    if (fix !== null)
      hangingRows(`      ${"".padEnd(13)} → `, fix, columns).forEach((row) => screen.print(row));
  }
}
