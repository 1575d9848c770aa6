import { ProblemError, Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import { Command } from "commander";
import { showVerdict } from "../audit/verdict.ts";
import type { Config } from "../config.ts";
import { type ConnectParts, withClient } from "../connect.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { Run } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

export interface AuditVerifyParts extends ConnectParts {
  run: Run;
  config: Config;
  screen: Screen;
}

export function auditVerifyCommand(parts: AuditVerifyParts): Command {
  return new Command("verify")
    .description("read the whole trail of this machine's data folder, and say whether it stands")
    .option("--head <file>", "and agrees with this head, which you kept elsewhere")
    .option("--json", "print the verdict as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay audit verify --head /mnt/elsewhere/audit.head")
    .action(({ head, json }: { head?: string; json?: boolean }) =>
      parts.run(() => verify(parts, head ?? null, json === true)),
    );
}

async function verify(
  parts: AuditVerifyParts,
  head_file: string | null,
  json: boolean,
): Promise<ExitCode> {
  const { config, screen } = parts;
  if (config.server.kind === "remote")
    throw new UsageFault(
      "MAINSTAY_URL is set; `audit verify` reads the data folder of this machine: unset it first",
    );
  const { auditVerify } = await import("@mainstay/server/commands/audit");
  const judge = (client: Client | null) =>
    auditVerify({ home: config.home, head_file, executor: askedOf(client) });
  const verdict = await withClient(config.server, parts, judge).catch((fault: unknown) => {
    if (fault instanceof Unreachable) return judge(null);
    throw fault;
  });
  if (json) screen.json(verdict);
  else showVerdict(verdict, screen);
  return verdict.ok ? exit.ok : exit.failed;
}

/** A running server has the executor's ear; without one, or where it cannot tell, its ledger lies open. */
function askedOf(client: Client | null) {
  return async (after: number): Promise<unknown[] | null> => {
    if (client === null) return null;
    try {
      const { items, readable } = await client.audit.executor(after);
      return readable ? items : null;
    } catch (fault) {
      if (fault instanceof ProblemError && fault.problem.code === "internal") return null;
      throw fault;
    }
  };
}
