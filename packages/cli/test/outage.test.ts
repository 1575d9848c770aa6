/** A server that goes away in the middle of a conversation, and comes back, or does not. */
import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { answers, frame, type Handler, inTurn, refuses } from "../../sdk/test/scripted-server.ts";
import { runProgram } from "../src/program.ts";
import { createScreen } from "../src/terminal/screen.ts";
import type { CliRun } from "./run-cli.ts";
import { approval, type ScriptedAgent, turn } from "./scripted-agent.ts";
import { cli, folder, start, useScriptedRuns } from "./scripted-runs.ts";

const LOST = "Connection lost; waiting for the server …\n";
const BACK = "The server is back.\n";

useScriptedRuns();

const ask = (agent: ScriptedAgent, { terminal = false, words = ["hi"] } = {}): CliRun =>
  cli(["ask", "--session", "ses_1", ...words], agent, { terminal });

const cut: Handler = (_, response) => void response.destroy();
const stopping = refuses({ status: 503, code: "shutting_down", title: "The server is stopping" });
const streams =
  (events: { type: string; seq?: number }[]): Handler =>
  (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events.map(frame).join(""), () => response.destroy());
  };
const numbered = (seq: number, body: JournalBody) => ({ seq, at: 0, ...body });

const settled: JournalBody = {
  ...{ type: "settled", state: "done", answer: "Done.", mode: "full", provider: "p", model: "m" },
  usage: { input_tokens: 1, output_tokens: 1 },
  error: null,
};
const requested: JournalBody = {
  ...{ type: "approval_requested", step: 1, call_id: "call_1", approval_id: "apr_1" },
  ...{ tool: "shell", intent: "", command: "rm x", reason: "", expires_at: approval.expires_at },
};

test("a request is sent again under its key until it is taken, and the person hears so once", async () => {
  const agent = await start(({ settle }) => settle("Done."), {
    "POST /v1/turns": inTurn(cut, stopping, cut, answers(turn, 202)),
  });
  const run = ask(agent);
  expect(await run.exits()).toBe(0);
  expect(run.stderr()).toContain(`${LOST}${BACK}— `);
  const sent = agent.server.to("POST /v1/turns");
  expect(sent).toHaveLength(4);
  expect(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
});

test.for([
  [507, "of a newer server", "The disk is nearly full"],
  [503, "queue_full", "The queue is full"],
] as const)(
  "a request that is refused with %i is told at once, in words",
  async ([status, code, title]) => {
    const detail = "Only 20 MB are left.";
    const problem = { status, code: code as "queue_full", title, detail, retry_after_s: 4.2 };
    const agent = await start(() => undefined, { "POST /v1/turns": refuses(problem) });
    const run = ask(agent);
    expect(await run.exits()).toBe(1);
    expect(run.stderr()).toBe(`${title}: ${detail}\n  Try again in 5 s.\n`);
  },
);

test("a fault that the server tells of while it is followed is told with its reason", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/turns/turn_1/events": inTurn(
      refuses({ status: 503, code: "storage_unavailable", title: "No writes", detail: "EIO" }),
      streams([numbered(1, settled)]),
    ),
  });
  const run = ask(agent);
  expect(await run.exits()).toBe(0);
  expect(run.stderr()).toContain(`No writes: EIO; waiting for the server …\n${BACK}`);
});

test("Ctrl-C before the request is known to be taken leaves at once", async () => {
  const run = ask(await start(() => undefined, { "POST /v1/turns": cut }));
  await run.sees(LOST);
  run.signals("SIGINT");
  expect(await run.exits()).toBe(130);
  expect(run.stderr()).toBe(`${LOST}Left. If the request was accepted: mainstay turns\n`);
});

test("Ctrl-C while the server is away cancels the turn when it is back", async () => {
  let is_back = false;
  const cancel: Handler = (request, response) => {
    if (!is_back) return void response.destroy();
    agent.settle("Stopped.", { state: "cancelled" });
    return answers(turn)(request, response);
  };
  const followed = Promise.withResolvers<void>();
  const agent = await start(() => undefined, {
    "POST /v1/turns/turn_1/cancel": cancel,
    "GET /v1/turns/turn_1/events": (request, response) => {
      followed.resolve();
      if (!is_back) return void response.destroy();
      const end = { ...settled, state: "cancelled" as const, answer: "Stopped." };
      return streams([numbered(1, end)])(request, response);
    },
  });
  const run = ask(agent);
  await run.sees(LOST);
  run.signals("SIGINT");
  await run.sees("Cancelling when the server is back; Ctrl-C again leaves");
  is_back = true;
  expect(await run.exits()).toBe(130);
  expect(run.stdout()).toBe("Stopped.\n");
  expect(run.stderr()).not.toContain("Not cancelled");
});

test("a question that is open stays open, below what is told of the connection", async () => {
  let stream: ServerResponse | undefined;
  let is_back = false;
  const agent = await start(() => undefined, {
    "GET /v1/turns/turn_1/events": ({ headers }, response) => {
      if (stream && !is_back) return void response.destroy();
      stream = response;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(headers["last-event-id"] === "0" ? frame(numbered(1, requested)) : ": hi\n\n");
    },
    "GET /v1/approvals/apr_1": inTurn(
      answers(approval),
      answers({ ...approval, state: "approved" }),
    ),
    // The first answer is lost with its connection; that it counted shows at the second.
    "POST /v1/approvals/apr_1": inTurn(cut, (request, response) => {
      stream?.end(frame(numbered(2, settled)));
      return refuses({ status: 409, code: "approval_decided" })(request, response);
    }),
  });
  const run = ask(agent, { terminal: true });
  await run.sees("[l]ater > ");
  run.types("app");
  await run.sees("app");
  stream?.destroy();
  await run.sees("waiting for the server");
  await run.sees("[l]ater > app");
  is_back = true;
  await run.sees("The server is back.");
  await run.sees("[l]ater > app");
  run.types("rove\r");
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toContain("Done.");
});

test("output that is told again after a reconnect is shown once, and what is missing is marked", async () => {
  const effect = { kind: "none" } as const;
  const call = { step: 1, call_id: "call_1" };
  const output = (offset: number, text: string) => ({ type: "output", ...call, offset, text });
  const agent = await start(() => undefined, {
    "GET /v1/turns/turn_1/events": inTurn(
      streams([
        numbered(1, { type: "tool_started", ...call, tool: "shell", intent: "", effect }),
        output(0, "one\ntw"),
      ]),
      streams([
        numbered(2, { type: "tool_adopted", ...call, took_ms: 3 }),
        output(2, "e\ntwo\nth"),
        output(10, "ree\n"),
        output(20, "six\n"),
      ]),
      streams([
        output(20, "six\nseven\n"),
        numbered(3, { type: "tool_ended", ...call, outcome: "ok", result: "", command: null }),
        numbered(4, settled),
      ]),
    ),
  });
  const run = ask(agent);
  expect(await run.exits()).toBe(0);
  const said = run.stderr().replaceAll(LOST, "").replaceAll(BACK, "");
  expect(said).toContain(
    "  one\n  it ran on while the server was away\n  two\n  three\n  [6 characters not shown]\n  six\n  seven\n— ",
  );
});

/** Runs in this process, on a clock that does not wait. */
async function runAtOnce(agent: ScriptedAgent, args: string[]) {
  const said: string[] = [];
  const output = { write: (text: string) => said.push(text) };
  let now_ms = 0;
  const clock: Clock = {
    ...systemClock,
    monotonic: () => now_ms,
    sleep: async (delay_ms) => void (now_ms += delay_ms),
  };
  const code = await runProgram(args, {
    config: {
      server: { kind: "remote", base_url: agent.server.url, key: "mst_test" },
      home: folder,
      folder: () => folder,
      colors: false,
      version: "0",
    },
    screen: createScreen({ stdout: output, stderr: output, colors: false }),
    terminal: { stdin: new PassThrough(), stderr: new PassThrough() },
    interrupts: { listen: () => () => undefined },
    clock,
    random: () => 0.5,
    newKey: () => "key",
    outliveOutput: () => undefined,
    signal: () => undefined,
  });
  return { code, said: said.join(""), waited_s: now_ms / 1000 };
}

test.for([
  ["the request", { "POST /v1/turns": cut }, "mainstay turns"],
  ["the answer", { "GET /v1/turns/turn_1/events": cut }, "mainstay status turn_1"],
] as const)(
  "a server that stays away from %s ends the wait with how to look later",
  async ([, routes, later]) => {
    const agent = await start(() => undefined, routes);
    const { code, said, waited_s } = await runAtOnce(agent, ["ask", "--session", "ses_1", "hi"]);
    expect(code).toBe(4);
    expect(said.startsWith(LOST)).toBe(true);
    expect(said.split("\n")).toHaveLength(5);
    expect(said).toMatch(/does not answer|stream broke/);
    expect(said).toContain(later);
    expect(waited_s).toBeGreaterThanOrEqual(60);
    expect(waited_s).toBeLessThan(70);
  },
);
