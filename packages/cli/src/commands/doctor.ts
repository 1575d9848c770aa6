import { Unreachable } from "@mainstay/sdk/call";
import type { DoctorCheck } from "@mainstay/server/commands/doctor";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { withClient, type ConnectParts } from "../connect.ts";
import { exit } from "../exit.ts";
import type { Run } from "../program.ts";
import { hangingRows } from "../terminal/rows.ts";
import type { Screen } from "../terminal/screen.ts";
import { probeSandbox } from "./doctor-sandbox.ts";

export interface DoctorParts extends ConnectParts {
  run: Run;
  screen: Screen;
  config: Config;
}

type Check = Omit<DoctorCheck, "area"> & { area: DoctorCheck["area"] | "server" };

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
        const there = await server(parts);
        const here = (await doctor(there.spool)).checks;
        const checks: Check[] = [...here.filter((check) => !there.overrides(check)), there.check];
        const ok = checks.every((check) => check.ok);
        if (json) screen.json({ ok, checks });
        else showChecks(checks, screen);
        return ok ? exit.ok : exit.failed;
      }),
    );
}

interface ServerLook {
  check: Check;
  /** A running server knows its models; this terminal's settings only say what it would start with. */
  overrides(check: DoctorCheck): boolean;
  /** What the spool of this data folder takes; null where no server says so. */
  spool: string | null;
}

const silent = { overrides: () => false, spool: null };
const start = "npm start, or: mainstay serve";

/**
 * A server that does not run is no fault: `doctor` is for the time before the first start, too. One that
 * works on over a damaged trail is: it is ready, and nobody may overlook what it says.
 */
async function server({ config, ...parts }: DoctorParts): Promise<ServerLook> {
  const check = { area: "server", name: config.server.kind } as const;
  try {
    const { ready, level, version, checks } = await withClient(config.server, parts, (client) =>
      client.readyz(),
    );
    const stands = checks.every(({ name, ok }) => ok || name !== "audit");
    const ok = ready && stands;
    const fix = ok ? null : "see the failed checks above, and the server's log";
    const found = checks.map(({ name, detail }) => `; ${name}: ${detail}`).join("");
    const detail = `runs, version ${version}, level ${level}${found}`;
    const overrides = ({ area }: DoctorCheck) => area === "providers";
    const spool = checks.find(({ name }) => name === "spool")?.detail ?? null;
    const is_here = config.server.kind === "local";
    return {
      check: { ...check, ok, detail, fix },
      overrides,
      spool: is_here ? spool : null,
    };
  } catch (fault) {
    if (fault instanceof Unreachable && config.server.kind === "local")
      return { check: { ...check, ok: true, detail: "does not run", fix: start }, ...silent };
    const detail = fault instanceof Error ? fault.message : String(fault);
    const fix = "is the address right, and the key?";
    return { check: { ...check, ok: false, detail, fix }, ...silent };
  }
}

function showChecks(checks: readonly Check[], screen: Screen): void {
  const columns = screen.on_terminal ? screen.columns() : Infinity;
  for (const { area, name, ok, detail, fix } of checks) {
    const head = `${ok ? "ok  " : "FAIL"}  ${area.padEnd(13)} `;
    for (const row of hangingRows(head, `${name}: ${detail}`, columns))
      screen.print(row, ok ? "plain" : "bad");
    if (fix !== null)
      hangingRows(`      ${"".padEnd(13)} → `, fix, columns).forEach((row) => screen.print(row));
  }
}
