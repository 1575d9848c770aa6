import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ModelStatus } from "@mainstay/sdk/providers";
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

interface Row {
  area: string;
  name: string;
  ok: boolean;
  warns?: true;
  detail: string;
}

async function checks(): Promise<Row[]> {
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

async function serverThatSays(told: object, providers: object[] = []): Promise<void> {
  agent = await startScriptedAgent(() => undefined, {
    socket_path: join(home, "run", "server.sock"),
    routes: {
      "GET /readyz": answers({ ready: true, level: "full", version: "1", checks: [told] }),
      "GET /v1/providers": answers({ items: providers, next: null }),
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

const ready: ModelStatus = {
  ...{ model: "llama", credential: "a", state: "ready", cause: null, until: null },
  ...{ answered: 0, failed: 0, first_token_ms: null },
};
const provider = (id: string, status: Partial<ModelStatus>) => ({
  ...{ id, type: "groq", source: "GROQ_KEY", pause: null, models: [{ ...ready, ...status }] },
});

/** Its settings cannot be used, so that nothing of this machine is looked at. */
function lackKey(): void {
  const groq = { id: "groq", type: "groq", api_key_env: "GROQ_KEY" };
  writeFileSync(join(home, "mainstay.json"), JSON.stringify({ providers: [groq] }));
}

test("whose models count is said: with a running server its own, and this terminal's lack is a note", async () => {
  lackKey();
  const settings = async () => (await checks()).find(({ area }) => area === "configuration");
  const lack = "as this terminal has them: ";
  expect(await settings()).toMatchObject({ ok: false, detail: expect.stringMatching(lack) });
  await serverThatSays({ name: "models", ok: true, detail: "" }, [provider("groq", {})]);
  const detail = expect.stringMatching(/the running server has what it needs; .*GROQ_KEY/s);
  expect(await settings()).toMatchObject({ ok: true, warns: true, detail });
});

test("each provider has a row; one that cannot be asked warns, and is a fault where none can", async () => {
  lackKey();
  const dead = { state: "retired", cause: "its key was refused" } as const;
  const rows = async () => (await checks()).filter(({ area }) => area === "providers");
  const told = { name: "models", ok: true, detail: "buried" };
  await serverThatSays(told, [provider("a", dead), provider("b", {})]);
  const refused = "llama: is not asked, its key was refused (the server has it from GROQ_KEY)";
  expect(await rows()).toMatchObject([
    { name: "a", ok: true, warns: true, detail: refused },
    { name: "b", ok: true, detail: "llama: ready (the server has it from GROQ_KEY)" },
  ]);
  await agent?.close();
  await serverThatSays(told, [provider("a", dead)]);
  expect(await rows()).toMatchObject([{ name: "a", ok: false, detail: refused }]);
});

test("a server that is ready over a damaged trail is told as a fault, in its own words", async () => {
  const detail = "record 140: it is not what was written there; see mainstay audit verify";
  await serverThatSays({ name: "audit", ok: false, detail });
  const server = (await checks()).find(({ area }) => area === "server");
  expect(server).toMatchObject({ ok: false, detail: expect.stringContaining(`audit: ${detail}`) });
});
