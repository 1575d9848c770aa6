import { Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { AuditVerdict } from "@mainstay/server/commands/audit";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { type ConnectParts, withClient } from "../connect.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { Run } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

const MB = 1_048_576;

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
  else show(verdict, screen);
  return verdict.ok ? exit.ok : exit.failed;
}

/** A running server has the executor's ear; without one its ledger lies open. */
function askedOf(client: Client | null) {
  return async (after: number): Promise<unknown[] | null> => {
    if (client === null) return null;
    const { items, readable } = await client.audit.executor(after);
    return readable ? items : null;
  };
}

function show(verdict: AuditVerdict, screen: Screen): void {
  const { ok, records, bytes, signed, exported, compared, faults, fault_count, blind_to } = verdict;
  const lines = [
    `${records} records (${(bytes / MB).toFixed(1)} MB), signed up to ${signed}`,
    ...(exported === null ? [] : [`the exported head is of record ${exported}`]),
    ...(compared === null ? [] : [`${compared} commands compared with the executor's own chain`]),
  ];
  screen.print(`${ok ? "ok   " : "FAIL "} ${lines.join("; ")}`, ok ? "good" : "bad");
  for (const { seq, fault } of faults)
    screen.print(`      ${seq === null ? "" : `record ${seq}: `}${fault}`, "bad");
  if (fault_count > faults.length) screen.print(`      and ${fault_count - faults.length} more`);
  for (const spot of blind_to) screen.print(`note  ${spot}`);
}
