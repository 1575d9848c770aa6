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

async function checks(): Promise<{ area: string; name: string; ok: boolean; detail: string }[]> {
  const run = runCli(["doctor", "--json"], {
    env: { MAINSTAY_HOME: home },
    cwd: home,
    terminal: false,
  });
  run.closesInput();
  await run.exits();
  return JSON.parse(run.stdout()).checks;
}

const spool = async (): Promise<string | undefined> =>
  (await checks()).find(({ name }) => name === "spool")?.detail;

async function serverThatSays(told: object): Promise<void> {
  agent = await startScriptedAgent(() => undefined, {
    socket_path: join(home, "run", "server.sock"),
    routes: {
      "GET /readyz": answers({ ready: true, level: "full", version: "1", checks: [told] }),
    },
  });
}

test("what the spool takes while an executor runs, the server tells; without one it is not known", async () => {
  expect(await spool()).toMatch("no server answers");
  await serverThatSays({ name: "spool", ok: true, detail: "3.0 MB of 256.0 MB" });
  expect(await spool()).toBe("3.0 MB of 256.0 MB");
});

test("what is kept of the commands' output is told, too", async () => {
  mkdirSync(join(home, "exec", "output"));
  writeFileSync(join(home, "exec", "output", "cmd_1.log"), Buffer.alloc(3 << 20));
  const output = (await checks()).find(({ name }) => name === "output");
  expect(output?.detail).toBe("of commands, kept: 3.0 MB of 1024.0 MB");
});

test("which toolchains commands see is told in one row", async () => {
  const rows = (await checks()).filter(({ name }) => name === "toolchains");
  expect(rows).toMatchObject([{ ok: true, detail: expect.stringMatching(/^commands see .+: .+/) }]);
});

test("a server that is ready over a damaged trail is told as a fault, in its own words", async () => {
  const detail = "record 140: it is not what was written there; see mainstay audit verify";
  await serverThatSays({ name: "audit", ok: false, detail });
  const server = (await checks()).find(({ area }) => area === "server");
  expect(server).toMatchObject({ ok: false, detail: expect.stringContaining(`audit: ${detail}`) });
});
