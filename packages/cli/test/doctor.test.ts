import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answers } from "../../sdk/test/scripted-server.ts";
import { runCli } from "./run-cli.ts";
import { type ScriptedAgent, startScriptedAgent } from "./scripted-agent.ts";

let home: string;
let agent: ScriptedAgent | null = null;
/** An executor holds its ledger for itself. */
let ledger: DatabaseSync;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mainstay-doctor-test-"));
  for (const folder of ["run", "exec"]) mkdirSync(join(home, folder));
  writeFileSync(join(home, "owner.key"), "mst_owner\n", { mode: 0o600 });
  writeFileSync(join(home, "mainstay.db"), "");
  ledger = new DatabaseSync(join(home, "exec", "exec.db"));
  ledger.exec("begin exclusive");
});
afterEach(async () => {
  ledger.close();
  await agent?.close();
  agent = null;
  rmSync(home, { recursive: true, force: true });
});

async function spool(): Promise<string | undefined> {
  const run = runCli(["doctor", "--json"], {
    env: { MAINSTAY_HOME: home },
    cwd: home,
    terminal: false,
  });
  run.closesInput();
  await run.exits();
  const { checks } = JSON.parse(run.stdout()) as { checks: { name: string; detail: string }[] };
  return checks.find(({ name }) => name === "spool")?.detail;
}

test("what the spool takes while an executor runs, the server tells; without one it is not known", async () => {
  expect(await spool()).toMatch("no server answers");
  const told = { name: "spool", ok: true, detail: "3.0 MB of 256.0 MB" };
  const readyz = answers({ ready: true, level: "full", version: "1", checks: [told] });
  const socket_path = join(home, "run", "server.sock");
  agent = await startScriptedAgent(() => undefined, {
    socket_path,
    routes: { "GET /readyz": readyz },
  });
  expect(await spool()).toBe("3.0 MB of 256.0 MB");
});
