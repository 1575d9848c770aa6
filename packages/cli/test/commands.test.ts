import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import type { JournalBody, ToolCall } from "@mainstay/sdk/events";
import type { CommandRecord } from "@mainstay/sdk/turn";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answers, type Handler, refuses } from "../../sdk/test/scripted-server.ts";
import { runProgram } from "../src/program.ts";
import { type CliRun, runCli } from "./run-cli.ts";
import { approval, type ScriptedAgent, startScriptedAgent, turn } from "./scripted-agent.ts";

let home = "";
const agents: ScriptedAgent[] = [];
const runs: CliRun[] = [];
const others: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mainstay-home-"));
  mkdirSync(join(home, "run"));
  writeFileSync(join(home, "owner.key"), "mst_owner\n", { mode: 0o600 });
});
afterEach(async () => {
  runs.splice(0).forEach((run) => run.kill());
  others.splice(0).forEach((other) => other.kill("SIGKILL"));
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  rmSync(home, { recursive: true, force: true });
});

/** A scripted server on the socket where the CLI looks for one. */
async function start(
  routes: Record<string, Handler> = {},
  play: (agent: ScriptedAgent) => void = () => undefined,
): Promise<ScriptedAgent> {
  const socket_path = join(home, "run", "server.sock");
  const agent = await startScriptedAgent(play, { socket_path, routes });
  agents.push(agent);
  return agent;
}

function cli(args: string[], env: Record<string, string> = {}, terminal = false): CliRun {
  const run = runCli(args, { env: { MAINSTAY_HOME: home, ...env }, cwd: home, terminal });
  if (!terminal) run.closesInput();
  runs.push(run);
  return run;
}

test("the server is found by its socket, with the owner's key", async () => {
  const agent = await start({ "GET /v1/turns": answers({ items: [turn], next: null }) });
  const run = cli(["turns", "--state", "queued"]);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toMatch(/^turn_1 +queued +\d{4}-\d\d-\d\d \d\d:\d\d UTC  hi\n$/);
  expect(agent.server.requests[0]).toMatchObject({
    path: "/v1/turns?state=queued",
    headers: { authorization: "Bearer mst_owner" },
  });
});

test("a data folder whose path is too long for a socket is reached all the same", async () => {
  const agent = await start({ "GET /v1/turns": answers({ items: [], next: null }) });
  const short = agent.server.url;
  const long_home = join(home, "x".repeat(120));
  mkdirSync(join(long_home, "run"), { recursive: true });
  writeFileSync(join(long_home, "owner.key"), "mst_owner");
  linkSync(short, join(long_home, "run", "server.sock"));
  const run = cli(["turns", "--json"], { MAINSTAY_HOME: long_home });
  expect(await run.exits()).toBe(0);
  expect(JSON.parse(run.stdout())).toEqual({ items: [], next: null });
});

test("no server: how to start one, and exit code 4", async () => {
  const absent = cli(["turns"]);
  expect(await absent.exits()).toBe(4);
  expect(absent.stderr()).toContain(`There is no server for MAINSTAY_HOME=${home}\nStart it: npm`);

  const agent = await start();
  renameSync(agent.server.url, `${agent.server.url}.kept`);
  await agent.close();
  writeFileSync(agent.server.url, "");
  const dead = cli(["turns"]);
  expect(await dead.exits()).toBe(4);
  expect(dead.stderr()).toContain(`The server for MAINSTAY_HOME=${home} does not answer`);

  const remote = cli(["turns"], { MAINSTAY_URL: "http://127.0.0.1:1", MAINSTAY_KEY: "k" });
  expect(await remote.exits()).toBe(4);
  expect(remote.stderr()).toContain("MAINSTAY_URL says http://127.0.0.1:1");
});

test.for([
  [["nonsense"], {}, "unknown command"],
  [["status"], {}, "See: mainstay status --help"],
  [["workspace", "add", "--nope"], {}, "See: mainstay workspace add --help"],
  [["workspace", "add", "--nope"], {}, "unknown option"],
  [["turns", "--state", "tired"], {}, "Allowed choices"],
  [["user", "add", "b a d"], {}, "a name is letters, digits and _ . @ -, a letter or digit first"],
  [["turns"], { MAINSTAY_URL: "ftp://x", MAINSTAY_KEY: "a b" }, "MAINSTAY_KEY has spaces"],
  [["turns"], { MAINSTAY_URL: "http://x" }, "set MAINSTAY_KEY"],
  [["stop"], { MAINSTAY_URL: "http://x", MAINSTAY_KEY: "k" }, "this machine's server"],
] as const)("wrong usage %j is told, with exit code 2", async ([args, env, said]) => {
  const run = cli([...args], env);
  expect(await run.exits()).toBe(2);
  expect(run.stderr()).toContain(said);
  expect(run.stdout()).toBe("");
});

test.for([
  [["ask", " "], "message is empty"],
  [["ask", "-"], "message is empty"],
  [["workspace", "add", "/nope"], "There is no folder /nope\n"],
] as const)("%j is wrong, and nothing was asked for", async ([args, said]) => {
  const agent = await start();
  const run = cli([...args]);
  expect(await run.exits()).toBe(2);
  expect(run.stderr()).toContain(said);
  expect(agent.server.requests).toEqual([]);
});

test("--version", async () => {
  const run = cli(["--version"]);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("a folder keeps the trust that it has, and is told to; --no-trust takes it back", async () => {
  const trusted = { id: "ws_1", path: home, private: false, trusted: true, created_at: "" };
  const agent = await start({
    "POST /v1/workspaces": ({ body }, response) => {
      const { trust = true } = body as { trust?: boolean };
      return answers({ ...trusted, trusted: trust })({} as never, response);
    },
  });
  const kept = cli(["workspace", "add", "."]);
  expect(await kept.exits()).toBe(0);
  expect(kept.stderr()).toBe("It was trusted before and stays so; --no-trust takes that back.\n");
  const revoked = cli(["workspace", "add", "--no-trust"]);
  expect(await revoked.exits()).toBe(0);
  expect(revoked.stdout()).toContain("asks before commands");
  expect(revoked.stderr()).toContain("Commands that run there go on: mainstay commands");
  expect(agent.server.to("POST /v1/workspaces").map(({ body }) => body)).toEqual([
    { path: home },
    { path: home, trust: false },
  ]);
});

const commands = [
  ..."serve stop ask chat turns status cancel retry approvals approve deny doctor why".split(" "),
  ...["workspace", "workspace add", "workspace list", "workspace network"],
  ...["list", "allow", "forbid"].map((word) => `workspace network ${word}`),
  ...["commands", "commands cancel", "commands extend"],
  ...["rules", "rules list", "rules add", "rules remove", "rules suggestions"],
  ...["policy", "policy list", "policy set", "policy clear"],
  ...["override", "override call", "override command", "override list", "override withdraw"],
];

test("every command has help with an example", async () => {
  for (const page of commands) {
    let help = "";
    const nothing = () => undefined;
    const nowhere = {
      ...{ on_terminal: false, has_live: false, columns: () => Infinity },
      ...{ isWithinLine: () => false, takeBack: () => false, live: () => undefined },
    };
    const silent = { ...nowhere, answer: nothing, note: nothing, json: nothing };
    const code = await runProgram([...page.split(" "), "--help"], {
      config: {
        server: { kind: "local", home, key: "k" },
        home,
        folder: () => home,
        colors: false,
        version: "1.2.3",
      },
      screen: { ...silent, print: (line) => void (help += `${line}\n`) },
      terminal: { stdin: process.stdin, stderr: process.stderr },
      interrupts: { listen: () => () => undefined },
      clock: systemClock,
      random: () => 0,
      newKey: () => "key",
      signal: () => undefined,
      outliveOutput: () => undefined,
    });
    expect(code).toBe(0);
    expect(help).toContain(`Usage: mainstay ${page}`);
    expect(help.slice(help.indexOf("\nExample"))).toContain(`mainstay ${page}`);
  }
});

test("a wrong key is said with where it came from", async () => {
  const refused = refuses({ status: 401, code: "unauthenticated" });
  await start({ "GET /v1/turns": refused });
  for (const [env, source] of [
    [{}, `${home}/owner.key`],
    [{ MAINSTAY_KEY: "mst_wrong" }, "MAINSTAY_KEY"],
  ] as const) {
    const run = cli(["turns"], env);
    expect(await run.exits()).toBe(1);
    expect(run.stderr()).toContain(`\nThe key comes from ${source}.\n`);
  }
});

test("status says what a turn waits for, and not that it was answered", async () => {
  await start({
    "GET /v1/turns/turn_1": answers({ ...turn, state: "awaiting_approval", mode: "full" }),
  });
  const run = cli(["status", "turn_1"]);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toContain("waits     for your consent: mainstay approvals\n");
  expect(run.stdout()).not.toContain("answered");
});

test("status says how each command ended, and of one that was stopped why", async () => {
  const ran: CommandRecord = {
    ...{ id: "cmd_1", call_id: "call_1", intent: "", command: "sleep 300", verdict: "ask" },
    ...{ agreed_by: "owner", outcome: "exited", exit_code: null, signal: "SIGKILL" },
    ...{ timed_out: false, cancelled: true, duration_ms: 4_900, output_bytes: 0 },
    ...{ output_sha256: null, planned_digest: "p", executed_digest: "p" },
  };
  const commands: CommandRecord[] = [
    ran,
    { ...ran, cancelled: false, timed_out: true },
    { ...ran, cancelled: false },
    { ...ran, cancelled: false, signal: null, exit_code: 3 },
    { ...ran, cancelled: false, outcome: "denied", signal: null, duration_ms: null },
  ];
  await start({ "GET /v1/turns/turn_1": answers({ ...turn, commands }) });
  const run = cli(["status", "turn_1"]);
  expect(await run.exits()).toBe(0);
  const said = [...run.stdout().matchAll(/^command +(.*) {2}sleep 300$/gmu)];
  expect(said.map(([, end]) => end)).toEqual([
    "stopped after 4.9 s: cancelled",
    "stopped after 4.9 s: its time was up",
    "ended by SIGKILL after 4.9 s",
    "exit code 3 after 4.9 s",
    "denied",
  ]);
});

test("a refusal is shown with each fault and its fix", async () => {
  const errors = [{ pointer: "/id", expected: "an id", got: "x", fix: "see: mainstay turns" }];
  await start({
    "GET /v1/turns/x": refuses({ status: 404, code: "not_found", detail: "No turn.", errors }),
  });
  const run = cli(["status", "x"]);
  expect(await run.exits()).toBe(1);
  expect(run.stderr()).toBe(
    "Refused: No turn.\n  /id: expected an id, got x; see: mainstay turns\n",
  );
});

test("a fault that the refusal names itself is said once", async () => {
  const error = { pointer: "/id", expected: "an id", got: "x", fix: "send one" };
  const detail = "`/id` must be an id, got x; send one.";
  await start({
    "GET /v1/turns/x": refuses({ status: 400, code: "invalid_request", detail, errors: [error] }),
  });
  const run = cli(["status", "x"]);
  expect(await run.exits()).toBe(1);
  expect(run.stderr()).toBe(`Refused: ${detail}\n`);
});

test("status, cancel, retry, approvals, approve, deny", async () => {
  const agent = await start({
    "POST /v1/turns/turn_1/cancel": answers({ ...turn, state: "cancelled" }, 202),
    "POST /v1/turns/turn_1/retry": answers(turn, 202),
    "POST /v1/approvals/apr_1": answers(approval),
  });
  agent.approvals.push(approval);
  const outputs: Record<string, string> = {};
  const said: Record<string, string> = {};
  const calls = ["status turn_1", "cancel turn_1", "retry turn_1", "approvals", "approve apr_1"];
  for (const call of [...calls, "deny apr_1"]) {
    const run = cli(call.split(" "));
    expect(await run.exits()).toBe(0);
    outputs[call] = run.stdout();
    said[call] = run.stderr();
  }
  expect(outputs["status turn_1"]).toContain("state     queued");
  expect(outputs["cancel turn_1"]).toBe("Cancelled.\n");
  expect(outputs["retry turn_1"]).toContain("tried again");
  expect(outputs["approvals"]).toContain(
    "  │ rm -rf build\\u{1b}[2K\\u{202e}\n  it      deletes build\n",
  );
  expect(outputs["approvals"]).toContain("mainstay approve apr_1");
  expect(said["approve apr_1"]).toBe("Its turn goes on with it: mainstay status turn_1\n");
  expect(outputs["approve apr_1"]).toBe("Approved: rm -rf build\\u{1b}[2K\\u{202e}\n");
  expect(agent.server.to("POST /v1/approvals/apr_1").map(({ body }) => body)).toEqual([
    { decision: "approve" },
    { decision: "deny" },
  ]);
});

test("doctor says what the running server has, whatever this terminal's variables say", async () => {
  const models = { name: "models", ok: true, detail: "openai/gpt" };
  await start({
    "GET /readyz": answers({ ready: true, level: "full", version: "1", checks: [models] }),
    "GET /v1/providers": answers({ items: [], next: null }),
  });
  const run = cli(["doctor", "--json"]);
  await run.exits();
  const { checks } = JSON.parse(run.stdout()) as { checks: { area: string; detail: string }[] };
  expect(checks.filter(({ area }) => area === "providers")).toMatchObject([
    { name: "models", detail: "none: answers come from local files" },
  ]);
  expect(checks.filter(({ area }) => area === "server")).toMatchObject([
    { ok: true, detail: "runs, version 1, level full" },
  ]);
});

const stepEnded = (text: string, tool_calls: ToolCall[]): JournalBody => ({
  ...{ type: "step_ended", step: 1, attempt: 1, finish: "stop", mode: "full" },
  ...{ text, tool_calls, provider: "fake", model: "m1" },
  usage: { input_tokens: 1, output_tokens: 1 },
});

test("why tells the journal as it stands, a line an event, and does not wait for more", async () => {
  const { journal, settle } = await start();
  const target = { step: 1, attempt: 1, provider: "groq", model: "m1" };
  journal(
    { type: "started", fence: 1, waited_ms: 40, ahead: 2 },
    { type: "attempt_started", ...target, why: "it is\nthe first" },
    { type: "resumed", fence: 2, cause: "an approval was decided" },
    stepEnded("", [{ id: "call_1", name: "shell", input: "{}" }]),
    stepEnded("All done.", []),
  );
  settle("All done.");
  const run = cli(["why", "turn_1"]);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe(
    "   1      +0.000 s  started after waiting 40 ms; turns that went first: 2\n" +
      "   2      +1.000 s  step 1: attempt 1 at groq/m1, because it is the first\n" +
      "   3      +2.000 s  goes on: an approval was decided\n" +
      "   4      +3.000 s  step 1 ended (stop, full): calls shell\n" +
      "                    took 1 tokens in, 1 out\n" +
      "   5      +4.000 s  step 1 ended (stop, full): All done.\n" +
      "                    took 1 tokens in, 1 out\n" +
      "   6      +5.000 s  done (full)\n",
  );
});

test("stop ends exactly the process that the card names, and waits for its end", async () => {
  const sleeper = spawn(process.execPath, [
    "-e",
    "process.on('SIGUSR2', () => process.exit()); setInterval(() => {}, 1e6); console.log('up')",
  ]);
  others.push(sleeper);
  await once(sleeper.stdout, "data");
  const stat = readFileSync(`/proc/${sleeper.pid}/stat`, "latin1");
  const starttime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  const card = (start: string | undefined) =>
    writeFileSync(
      join(home, "run", "server.json"),
      JSON.stringify({ pid: sleeper.pid, starttime: start, url: "http://x", version: "1" }),
    );

  card("1");
  const stale = cli(["stop"]);
  expect(await stale.exits()).toBe(0);
  expect(stale.stdout()).toContain("No server runs");
  expect(sleeper.exitCode).toBe(null);

  card(starttime);
  const ended = once(sleeper, "exit");
  const run = cli(["stop", "--json"]);
  expect(await run.exits()).toBe(0);
  expect(JSON.parse(run.stdout())).toEqual({ pid: sleeper.pid, stopped: true });
  await ended;
});

test("a key that cannot be read is said, without a stack", async () => {
  await start();
  rmSync(join(home, "owner.key"));
  mkdirSync(join(home, "owner.key"));
  const run = cli(["turns"]);
  expect(await run.exits()).toBe(1);
  expect(run.stderr()).toMatch(/^cannot read the owner's key: .*MAINSTAY_KEY\n$/);
});

const chatting: Record<string, Handler> = {
  "GET /v1/me": answers({
    id: "u",
    name: "Ada",
    role: "admin",
    tier: "pro",
    pause: null,
    banner: null,
  }),
  "GET /readyz": answers({ ready: true, level: "offline", version: "1", checks: [] }),
};

test("chat through a pipe: a message a line, one session, commands, and the end of the input", async () => {
  const agent = await start(chatting, ({ settle }) => settle("Hello."));
  const run = runCli(["chat"], { env: { MAINSTAY_HOME: home }, cwd: home });
  runs.push(run);
  run.types("hi\n\nwhy?\n/status\n/new\n/nwe\nagain\n");
  run.closesInput();
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe("Hello.\nHello.\nHello.\n");
  expect(run.stderr()).toContain("There is no /nwe; /help lists what there is.\n");
  expect(run.stderr()).toContain("you        Ada (admin, pro)");
  expect(agent.server.to("POST /v1/turns").map(({ body }) => body)).toEqual([
    { message: "hi" },
    { message: "why?", session_id: "ses_1" },
    { message: "again" },
  ]);
});

test("chat through a pipe ends with the worst end of its turns, a refusal included", async () => {
  const ends = async (lines: string, play: (agent: ScriptedAgent) => void, routes = {}) => {
    const agent = await start({ ...chatting, ...routes }, play);
    const run = runCli(["chat"], { env: { MAINSTAY_HOME: home }, cwd: home });
    runs.push(run);
    run.types(lines);
    run.closesInput();
    const code = await run.exits();
    await agent.close();
    return code;
  };
  expect(await ends("!git log\nhi\n", ({ settle }) => settle("It did not run."))).toBe(1);
  expect(await ends("hi\n", ({ settle }) => settle("No.", { state: "failed" }))).toBe(1);
  const full = refuses({ status: 429, code: "queue_full" });
  expect(await ends("hi\n", () => undefined, { "POST /v1/turns": full })).toBe(1);
});

test("chat on a terminal: a paste is one message, Ctrl-C cancels, Ctrl-D leaves", async () => {
  const created_at = "2026-01-01T00:00:00.000Z";
  const folder = { id: "ws_1", path: "/srv/shop", private: false, trusted: false, created_at };
  const agent = await start({
    "GET /v1/workspaces": answers({ items: [folder], next: null }),
    "POST /v1/turns/turn_1/cancel": (request, response) => {
      agent.settle("Stopped.", { state: "cancelled" });
      return answers(turn, 202)(request, response);
    },
  });
  const run = cli(["chat", "--workspace", "ws_1"], {}, true);
  await run.sees("Working in /srv/shop");
  await run.sees("› ");
  run.types("\u001b[200~one\rtwo\u001b[201~ three\r");
  await agent.followed;
  run.types("half a thought");
  await run.sees("half a thought");
  run.types("\u0003");
  await run.sees("Cancelling");
  // What came up to there: the turn may have ended meanwhile, and the next prompt be on the screen.
  const typed = /half a thought(.*?)Cancelling/s.exec(run.stdout());
  expect(typed?.[1]).not.toContain("› ");
  await run.sees("Stopped.");
  await run.sees("› ");
  run.types("\u0003");
  await run.sees("› ");
  run.types("\u0004");
  expect(await run.exits()).toBe(0);
  expect(agent.server.to("POST /v1/turns").map(({ body }) => body)).toEqual([
    { message: "one\ntwo three", workspace: "ws_1" },
  ]);
});

test("chat: what was left for later is decided with /approve, and its turn followed on", async () => {
  const queue = { position: 2, eta_s: null, no_later_than_s: null, reason: "you are asked first" };
  const agent = await start(
    {
      "POST /v1/approvals/apr_1": (request, response) => {
        if ((request.body as { decision: string }).decision === "approve") agent.settle("Cleaned.");
        return answers(approval)(request, response);
      },
      "POST /v1/turns": answers({ ...turn, queue }, 202),
    },
    ({ approvals, journal }) => {
      approvals.push(approval);
      const { expires_at, intent, command, reason } = approval;
      const call = { step: 1, call_id: "call_1", approval_id: "apr_1", tool: "shell" };
      journal({ type: "approval_requested", ...call, intent, command, reason, expires_at });
    },
  );
  const run = cli(["chat", "--session", "ses_1"], {}, true);
  await run.sees("› ");
  run.types("/deny\r");
  await run.sees("nothing for later");
  await run.sees("› ");
  run.types("clean up\r");
  await run.sees("waiting at place 2: you are asked first");
  await run.sees("[l]ater > ");
  run.types("l\r");
  await run.sees("mainstay deny apr_1");
  await run.sees("› ");
  run.types("/approve\r");
  await run.sees("Cleaned.");
  await run.sees("› ");
  run.types("\u0004");
  expect(await run.exits()).toBe(0);
});
