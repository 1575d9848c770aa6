/** What becomes of a run whose output nobody takes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answers } from "../../sdk/test/scripted-server.ts";
import { type ScriptedAgent, startScriptedAgent, turn } from "./scripted-agent.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
let folder = "";
const agents: ScriptedAgent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mainstay-output-"));
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

type Target = "pipe" | number;

function start(args: string[], env: Record<string, string>, [stdout, stderr]: [Target, Target]) {
  const environment = { PATH: process.env["PATH"] ?? "", ...env };
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", stdout, stderr],
  });
}

async function ask(to: [Target, Target]) {
  const agent = await startScriptedAgent(({ settle }) => settle("The answer."));
  agents.push(agent);
  return start(["ask", "hi"], { MAINSTAY_URL: agent.server.url, MAINSTAY_KEY: "mst_test" }, to);
}

test("a server whose reader has left drains before it ends", async () => {
  const server = start(["serve"], { MAINSTAY_HOME: folder, MAINSTAY_PORT: "0" }, ["pipe", "pipe"]);
  try {
    await once(server.stdout!, "data");
    server.stdout!.destroy();
    server.stderr!.destroy();
    await Promise.all([once(server.stdout!, "close"), once(server.stderr!, "close")]);
    server.kill("SIGINT");
    expect(await once(server, "exit")).toEqual([0, null]);
    expect(existsSync(join(folder, "run", "server.json"))).toBe(false);
  } finally {
    server.kill("SIGKILL");
  }
});

test("an answer that cannot be written is no success", async () => {
  const full = openSync("/dev/full", "w");
  try {
    const run = await ask([full, "pipe"]);
    const said: string[] = [];
    run.stderr!.setEncoding("utf8").on("data", (text: string) => said.push(text));
    expect(await once(run, "close")).toEqual([1, null]);
    expect(said.join("")).toContain("cannot write the output: ENOSPC");
  } finally {
    closeSync(full);
  }
});

test("a reader that has enough ends the run well", async () => {
  const run = await ask(["pipe", "pipe"]);
  run.stdout!.destroy();
  run.stderr!.resume();
  expect(await once(run, "exit")).toEqual([0, null]);
});

test("the answer arrives although nobody reads what is said around it", async () => {
  const run = await ask(["pipe", "pipe"]);
  run.stderr!.destroy();
  const answer: string[] = [];
  run.stdout!.setEncoding("utf8").on("data", (text: string) => answer.push(text));
  expect(await once(run, "close")).toEqual([0, null]);
  expect(answer.join("")).toBe("The answer.\n");
});

/** A list of more than a pipe holds, through the shell's own kind of pipe, which Node's spawn is not. */
async function listInto(reader: string) {
  const list = answers({ items: [{ ...turn, message: "x".repeat(1_000_000) }], next: null });
  const agent = await startScriptedAgent(() => undefined, { routes: { "GET /v1/turns": list } });
  agents.push(agent);
  const line = `{ "$0" "$@"; echo "exit $?" >&2; } | ${reader}`;
  const shell = spawn("sh", ["-c", line, process.execPath, main, "turns", "--json"], {
    cwd: folder,
    env: {
      ...{ PATH: process.env["PATH"] ?? "", NODE_NO_WARNINGS: "1" },
      ...{ MAINSTAY_URL: agent.server.url, MAINSTAY_KEY: "mst_test" },
    },
  });
  const [out, err] = await Promise.all([textOf(shell.stdout), textOf(shell.stderr)]);
  return { out, err };
}

test("a pipe gets all of a long output, also where its reader is slower", async () => {
  const { out, err } = await listInto("cat");
  expect(err).toBe("exit 0\n");
  expect(out).toContain(`"message":"${"x".repeat(1_000_000)}"`);
  expect(out.endsWith("}\n")).toBe(true);
});

test("a reader that leaves a long output in its midst ends the run", async () => {
  const { out, err } = await listInto("head -c 20");
  expect(err).toBe("exit 0\n");
  expect(out).toHaveLength(20);
});
