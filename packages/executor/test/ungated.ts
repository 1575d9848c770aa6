/**
 * The planted fault: an executor that lets its command go without making the process durable
 * first. argv: home, workspace. Prints "up" when the command has had its effect.
 */
import { openSync, statSync } from "node:fs";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { openKeys } from "../src/keys.ts";
import { openLedger } from "../src/ledger/ledger.ts";
import { keepPrinted } from "../src/printed.ts";
import { openProcessTable } from "../src/process-table.ts";
import { createSandbox } from "../src/sandbox/sandbox.ts";
import { openSpool } from "../src/spool/spool.ts";
import { supervise } from "../src/supervise.ts";
import { signTicket, type Plan } from "../src/ticket.ts";

const [home = "", workspace = ""] = process.argv.slice(2);
const processes = openProcessTable((pid) => process.kill(pid, "SIGKILL"));
const ledger = openLedger(home, clock.now());
const sandbox = createSandbox(
  {
    home,
    bubblewrap_path: "/usr/bin/bwrap",
    ripgrep_path: null,
    is_root: false,
  },
  { processes, clock },
);
const plan: Plan = {
  command_id: "ungated",
  person_id: "ada",
  person_uid_number: 1,
  workspace_id: "w",
  run: { kind: "script", script: "echo ran >> effects; echo up; sleep 60" },
  profile: "agent",
  limits: { wall_ms: 60_000, output_bytes: 4096 },
};
const consent = { verdict: "safe", decided_by: "test", rule: null } as const;
const { ticket_key } = openKeys(home);
ledger.start(
  signTicket(ticket_key, {
    plan,
    consent,
    expires_at: clock.now() + 60_000,
    nonce: "n".repeat(32),
  }),
  clock.now(),
);
const { dev, ino, uid, gid } = statSync(workspace);
const { launch } = await sandbox.prepare(plan, {
  id: "w",
  path: workspace,
  descriptor: openSync(workspace, "r"),
  owner: { uid, gid },
  person_uid_number: 1,
  identity: `${dev}:${ino}`,
});
supervise(launch, {
  processes,
  clock,
  beforeGo: () => {},
  output: keepPrinted(plan, openSpool(home, console.error), (_offset, text) => console.log(text)),
});
