import { existsSync, readdirSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientEvent, JournalBody } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { answers, frame, type Handler, inTurn, refuses } from "../../sdk/test/scripted-server.ts";
import { runCli } from "./run-cli.ts";
import { runHere } from "./run-here.ts";
import { approval, type ScriptedAgent, turn } from "./scripted-agent.ts";
import { cli, envOf, folder, runs, start, useScriptedRuns } from "./scripted-runs.ts";

const ESC = "\u001b";
useScriptedRuns();

const stepEnded = (text: string, rest: object = {}): JournalBody => ({
  type: "step_ended",
  step: 1,
  attempt: 1,
  text,
  tool_calls: [],
  finish: "stop",
  provider: "fake",
  model: "m1",
  mode: "full",
  usage: { input_tokens: 1, output_tokens: 1 },
  ...rest,
});

const ended = (answer: string): JournalBody => ({
  ...{ type: "settled", state: "done", answer, mode: "full", provider: "fake", model: "m1" },
  usage: { input_tokens: 1, output_tokens: 1 },
  error: null,
});

const requested: JournalBody = {
  type: "approval_requested",
  step: 1,
  call_id: "call_1",
  approval_id: "apr_1",
  tool: "shell",
  intent: approval.intent,
  command: approval.command,
  reason: approval.reason,
  expires_at: approval.expires_at,
};

const decided = (decision: "approve" | "deny"): JournalBody => ({
  type: "approval_decided",
  approval_id: "apr_1",
  call_id: "call_1",
  decision,
  by: "somebody",
});

test("below the answer stands who gave it, and why it was not the first choice", async () => {
  const agent = await start(({ journal, settle }) => {
    journal(stepEnded("Let me look.", { why: "nothing of this step" }));
    journal(
      stepEnded("It works.", { step: 2, mode: "reduced", why: `cerebras: ${ESC}it is busy` }),
    );
    settle("It works.", { mode: "reduced" });
  });
  const run = cli(["ask", "does", "it?"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stderr()).toContain(
    "— fake/m1 instead of the first choice (cerebras: \\u{1b}it is busy) · reduced · 12 tokens in",
  );
});

test("the answer alone is on stdout, what is done for it on stderr, nothing raw on either", async () => {
  const agent = await start(({ journal, settle }) => {
    journal({
      type: "accepted",
      message: "hi",
      urgency: "interactive",
      session_id: "ses_1",
      workspace_id: "ws_1",
      model: null,
      on_disconnect: "detach",
    });
    const call = { id: "call_1", name: "read_file", input: '{"path":"src/a.ts"}' };
    journal(stepEnded("Let me look. ", { tool_calls: [call] }));
    const tool = { step: 1, call_id: "call_1" };
    const effect = { kind: "none" } as const;
    journal({ type: "tool_started", ...tool, tool: "read_file", intent: "find it", effect });
    journal({
      type: "tool_ended",
      ...tool,
      outcome: "error",
      result: `no${ESC}[2J`,
      command: null,
    });
    journal(stepEnded(`It ${ESC}]0;x\u0007works.`, { step: 2 }));
    settle(`It ${ESC}]0;x\u0007works.`);
  });
  const run = cli(["ask", "does", "it?"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe("Let me look. \nIt \\u{1b}]0;x\\u{7}works.\n");
  expect(run.stderr()).toContain("› read_file src/a.ts — find it\n  failed: no\\u{1b}[2J\n");
  expect(run.stderr()).toContain("private scratch folder");
  expect(run.stderr()).toMatch(/— fake\/m1 · full · 12 tokens in, 3 out · turn_1 · ses_1\n$/);
  expect(agent.server.to("POST /v1/turns")[0]).toMatchObject({
    body: { message: "does it?" },
    headers: { "idempotency-key": expect.stringMatching(/^.{22}$/) },
  });
});

test("options reach the server; a registered folder around the current one is used", async () => {
  const agent = await start(({ settle }) => settle("ok"));
  const around = { private: false, trusted: false, created_at: "" };
  agent.workspaces.push(
    { id: "ws_outer", path: tmpdir(), ...around },
    { id: "ws_inner", path: folder, ...around },
    { id: "ws_other", path: `${folder}x`, ...around },
  );
  await cli(["ask", "--batch", "--model", "m2", "hi"], agent).exits();
  mkdirSync(join(folder, "sub"));
  const below = runCli(["ask", "hi"], { env: envOf(agent), cwd: join(folder, "sub") });
  runs.push(below);
  await below.exits();
  expect(below.stderr()).toContain(
    `Working in ${folder}, the registered folder around this one.\n`,
  );
  await cli(["ask", "--session", "ses_9", "hi"], agent).exits();
  expect(agent.server.to("POST /v1/turns").map(({ body }) => body)).toEqual([
    { message: "hi", workspace: "ws_inner", urgency: "batch", model: "m2" },
    { message: "hi", workspace: "ws_inner" },
    { message: "hi", session_id: "ses_9" },
  ]);
});

test("a message comes through a pipe, --json gives the turn and nothing else", async () => {
  const agent = await start(({ live, settle }) => {
    live({ type: "delta", step: 1, attempt: 1, offset: 0, text: "x" });
    settle("ok");
  });
  const run = runCli(["ask", "--json", "-"], { env: envOf(agent), cwd: folder });
  runs.push(run);
  run.types("from the\npipe");
  run.closesInput();
  expect(await run.exits()).toBe(0);
  expect(JSON.parse(run.stdout())).toMatchObject({ id: "turn_1", state: "done", answer: "ok" });
  expect(agent.server.to("POST /v1/turns")[0]?.body).toEqual({ message: "from the\npipe" });
});

test("--no-wait prints the id", async () => {
  const run = cli(["ask", "--no-wait", "hi"], await start(() => undefined));
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe("turn_1\n");
});

const half: ClientEvent = { type: "delta", step: 1, attempt: 1, offset: 0, text: "Half an ans" };
const cut: JournalBody = { type: "step_restarted", step: 1, attempt: 2, cause: "cut" };

test("away from a terminal an answer has no words of a void attempt", async () => {
  const agent = await start(({ live, journal, settle }) => {
    live(half);
    journal(cut, stepEnded("A whole one.", { attempt: 2 }));
    settle("A whole one.");
  });
  const run = cli(["ask", "hi"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe("A whole one.\n");
});

test("on a terminal text comes as it is made, and that of a void attempt is marked or taken away", async () => {
  const agent = await start((scripted) => {
    scripted.journal({ type: "started", fence: 1, waited_ms: 0, ahead: 0 });
  });
  const run = cli(["ask", "--session", "ses_1", "hi"], agent, { terminal: true });
  await agent.followed;
  agent.live(half);
  await run.sees("Half an ans");
  agent.journal(cut, stepEnded("A whole one.", { attempt: 2 }));
  agent.settle("A whole one.");
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toMatch(/Half an ans(\r\u001b\[J|\r\n── cut off.* ──\r\n)A whole one\./);
});

test("a lost connection is told once, and that it is back", async () => {
  let connections = 0;
  const agent = await start(() => undefined, {
    "GET /v1/turns/turn_1/events": (_, response) => {
      if (++connections < 4) return void response.destroy();
      const seq_at = { seq: 1, at: 0 };
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(frame({ ...seq_at, ...ended("Here again.") }));
    },
  });
  const run = cli(["ask", "--session", "ses_1", "hi"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe("Here again.\n");
  expect(run.stderr()).toMatch(
    /^Connection lost; waiting for the server …\nThe server is back\.\n— /,
  );
});

test("without a terminal a command is denied at once, and the exit code says so", async () => {
  const agent = await start(
    (scripted) => {
      scripted.approvals.push(approval);
      scripted.journal(requested);
    },
    {
      "POST /v1/approvals/apr_1": (request, response) => {
        agent.journal(decided("deny"));
        agent.settle("Without it, then.");
        return answers({ ...approval, state: "denied" })(request, response);
      },
    },
  );
  const run = cli(["ask", "clean up"], agent);
  expect(await run.exits()).toBe(3);
  expect(agent.server.to("POST /v1/approvals/apr_1")[0]?.body).toEqual({
    ...{ decision: "deny", because: "no_terminal" },
  });
  expect(run.stderr()).toContain("rm -rf build\\u{1b}[2K\\u{202e}\n");
  expect(run.stderr()).toContain("Run it from a terminal.\n");
  expect(run.stderr()).not.toContain("--trust");
  expect(run.stdout()).toBe("Without it, then.\n");
});

test.for([
  ["a", "approve", 0],
  ["d", "deny", 3],
] as const)("on a terminal [%s] sends %s", async ([key, decision, code]) => {
  const agent = await start(
    (scripted) => {
      scripted.approvals.push(approval);
      scripted.journal(requested);
    },
    {
      "POST /v1/approvals/apr_1": (request, response) => {
        agent.journal(decided(decision));
        agent.settle("Right.");
        return answers(approval)(request, response);
      },
    },
  );
  const run = cli(["ask", "--session", "ses_1", "clean up"], agent, { terminal: true });
  await run.sees("rm -rf build\\u{1b}[2K\\u{202e}");
  await run.sees("[l]ater");
  run.types("what?\r");
  await run.sees("type a, d or l");
  await run.sees("[l]ater");
  run.types(`${key}\r`);
  expect(await run.exits()).toBe(code);
  expect(agent.server.to("POST /v1/approvals/apr_1").map(({ body }) => body)).toEqual([
    { decision },
  ]);
  expect(run.stdout()).toContain("Right.");
});

test("an approval past what a list shows is asked about", async () => {
  const denied: Handler = (request, response) => {
    agent.journal(decided("deny"));
    agent.settle("Right.");
    return answers(approval)(request, response);
  };
  const agent = await start(
    ({ approvals, journal }) => (approvals.push(approval), journal(requested)),
    {
      "GET /v1/approvals": answers({ items: [], next: "more" }),
      "GET /v1/approvals/apr_1": answers({
        ...approval,
        workspace_path: "/srv/shop\n  reach   all",
      }),
      "POST /v1/approvals/apr_1": denied,
    },
  );
  const run = cli(["ask", "clean up"], agent);
  expect(await run.exits()).toBe(3);
  expect(run.stderr()).toContain("  in      /srv/shop\\u{a}  reach   all\n");
});

test("Ctrl-C at the question: the prompt's line is left, and not written again", async () => {
  const agent = await start(
    ({ approvals, journal }) => (approvals.push(approval), journal(requested)),
    {
      "POST /v1/turns/turn_1/cancel": (request, response) => {
        agent.settle("Stopped.", { state: "cancelled" });
        return answers(turn)(request, response);
      },
    },
  );
  const run = cli(["ask", "--session", "ses_1", "clean up"], agent, { terminal: true });
  await run.sees("[l]ater > ");
  run.types("\u0003");
  expect(await run.exits()).toBe(130);
  const plain = run.stdout().replaceAll(/\u001b\[[?\d]*[A-Za-z]|\r/g, "");
  expect(plain).toContain("[l]ater > \nCancelling");
  expect(plain.split("[a]pprove")).toHaveLength(2);
  expect(plain).not.toContain("Not cancelled");
});

test("a cancel whose turn ends before it is answered is no lost connection", async () => {
  const agent = await start(
    ({ approvals, journal }) => (approvals.push(approval), journal(requested)),
    { "POST /v1/turns/turn_1/cancel": () => agent.settle("Stopped.", { state: "cancelled" }) },
  );
  const run = cli(["ask", "--session", "ses_1", "clean up"], agent, { terminal: true });
  await run.sees("[l]ater > ");
  run.types("\u0003");
  expect(await run.exits()).toBe(130);
  expect(run.stdout()).toContain("Stopped.");
  expect(run.stdout()).not.toContain("waiting for the server");
});

const exited = (exit_code: number) => ({
  outcome: "exited" as const,
  exit_code,
  signal: null,
  timed_out: false,
  cancelled: false,
  duration_ms: 1,
  output_bytes: 0,
  output_sha256: null,
  executed_digest: null,
});

test.for([
  ["!true", "ok", exited(0), 0],
  ["!false", "ok", exited(1), 1],
  ["!false", "error", exited(1), 1],
  ["!ls", "error", null, 1],
  ["run false", "ok", exited(1), 0],
  ["!= is what?", "ok", exited(1), 0],
] as const)(
  "%j, %s: the exit code of a typed command is honest",
  async ([message, outcome, command, code]) => {
    const agent = await start(({ journal, settle }) => {
      const call = { step: 1, call_id: "call_1" };
      journal({ type: "tool_ended", ...call, outcome, result: "", command });
      settle("Done.");
    });
    expect(await cli(["ask", message], agent).exits()).toBe(code);
  },
);

test("the output of a command keeps its indentation", async () => {
  const agent = await start(({ journal, live, settle }) => {
    const effect = { kind: "none" } as const;
    const tool = { step: 1, call_id: "call_1" };
    journal({ type: "tool_started", ...tool, tool: "shell", intent: "look", effect });
    live({
      type: "output",
      call_id: "call_1",
      offset: 0,
      text: `def f():\n    return  1\n${"x".repeat(300)}`,
    });
    journal({ type: "tool_ended", ...tool, outcome: "ok", result: "", command: exited(0) });
    settle("Done.");
  });
  const run = cli(["ask", "look"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stderr()).toContain(`  def f():\n      return  1\n  ${"x".repeat(199)}…\n`);
});

test.for([true, false])("a typed command's output is told once, terminal: %s", async (terminal) => {
  const lines = Array.from({ length: 20 }, (_, line) => `line ${line};`).join("\n");
  const agent = await start(({ journal, live, settle }) => {
    const effect = { kind: "none" } as const;
    const tool = { step: 1, call_id: "call_1" };
    journal({ type: "tool_started", ...tool, tool: "shell", intent: "", effect });
    live({ type: "output", call_id: "call_1", offset: 0, text: lines });
    const command = { ...exited(0), output_bytes: lines.length };
    journal({ type: "tool_ended", ...tool, outcome: "ok", result: "", command });
    journal(stepEnded(`Your command said:\n${lines}`, { step: 2 }));
    settle(`Your command said:\n${lines}`);
  });
  const run = cli(["ask", "--session", "ses_1", "!count"], agent, { terminal });
  expect(await run.exits()).toBe(0);
  expect(run.stdout().split("line 19;")).toHaveLength(2);
  expect(run.stdout().includes("Your command said")).toBe(!terminal);
  expect(run.stderr()).not.toContain("line 1;");
});

test("what streamed to its end on a terminal with gaps is not told again; what else there is to say is", async () => {
  const said = `LAST\n[exit 1, 0.1 s]\n[kept from a.example:443: not listed]\n[with what it lacked, once, when: {}]`;
  const agent = await start(({ journal, live, settle }) => {
    const effect = { kind: "command", command_id: "cmd_1", command: "flood" } as const;
    const agreed = { verdict: "ask", agreed_by: "Ada", planned_digest: "" };
    const tool = { step: 1, call_id: "call_1" };
    const begun = { tool: "shell", intent: "", effect: { ...effect, ...agreed } };
    journal({ type: "tool_started", ...tool, ...begun });
    live({ type: "output", call_id: "call_1", offset: 0, text: "first\n" });
    live({ type: "output", call_id: "call_1", offset: 1_000, text: "LAST\n" });
    const command = { ...exited(1), output_bytes: 1_005 };
    const result = `first\n[989 bytes left out]\n${said}`;
    journal({ type: "tool_ended", ...tool, outcome: "error", result, command });
    journal(stepEnded("Your command said:\nfirst", { step: 2 }));
    settle("Your command said:\nfirst");
  });
  const run = cli(["ask", "--session", "ses_1", "!flood"], agent, { terminal: true });
  expect(await run.exits()).toBe(1);
  const plain = run.stdout().replaceAll(/\u001b\[\d*m|\r/g, "");
  expect(plain).not.toContain("Your command said");
  expect(plain).toContain("  LAST\n");
  expect(plain).toContain("  kept from a.example:443: not listed\n");
  expect(plain).toContain("  all that it printed: mainstay commands cmd_1 --output\n");
  expect(plain).not.toContain("with what it lacked");
});

test("a wait is told where it takes a second or more", async () => {
  const place = { position: 2, eta_s: 0.1, no_later_than_s: 0.4, reason: "its seat is ready" };
  const agent = await start(({ live, settle }) => {
    live({ type: "queue", place });
    live({
      type: "queue",
      place: { ...place, eta_s: 3, no_later_than_s: 9, reason: "4 go first" },
    });
    const unknown = { eta_s: null, no_later_than_s: null };
    live({ type: "queue", place: { ...place, ...unknown, reason: "you are asked first" } });
    settle("Done.");
  });
  const run = cli(["ask", "hi"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stderr()).not.toContain("its seat is ready");
  expect(run.stderr()).toContain("waiting at place 2, about 3 s, no later than 9 s: 4 go first\n");
  expect(run.stderr()).toContain("waiting at place 2: you are asked first\n");
});

test("text of the next step that overtakes the end of a tool waits for it", async () => {
  const agent = await start(({ journal, live, settle }) => {
    const call = { id: "call_1", name: "read_file", input: '{"path":"a"}' };
    const tool = { step: 1, call_id: "call_1" };
    journal(stepEnded("", { tool_calls: [call] }));
    live({ type: "delta", step: 2, attempt: 1, offset: 0, text: "There " });
    const started = { tool: "read_file", intent: "", effect: { kind: "none" } } as const;
    journal({ type: "tool_started", ...tool, ...started });
    journal({ type: "tool_ended", ...tool, outcome: "denied", result: "", command: null });
    live({ type: "delta", step: 2, attempt: 1, offset: 6, text: "is none." });
    journal(stepEnded("There is none.", { step: 2 }));
    settle("There is none.");
  });
  const run = cli(["ask", "--session", "ses_1", "hi"], agent, { terminal: true });
  expect(await run.exits()).toBe(0);
  const plain = run.stdout().replaceAll(/\u001b\[\d*m|\r/g, "");
  expect(plain).toContain("› read_file a\n  denied: it did not run\nThere is none.\n");
});

test("what was typed before the question is no answer to it", async () => {
  const agent = await start((scripted) => {
    scripted.journal({ type: "started", fence: 1, waited_ms: 0, ahead: 0 });
  });
  const run = cli(["ask", "--session", "ses_1", "clean up"], agent, { terminal: true });
  await agent.followed;
  run.types("a\ra");
  await run.sees("a\r\na");
  agent.approvals.push(approval);
  agent.journal(requested);
  await run.sees("[l]ater");
  agent.journal(decided("approve"));
  agent.settle("Fine.");
  expect(await run.exits()).toBe(0);
  expect(agent.server.to("POST /v1/approvals/apr_1")).toEqual([]);
});

test("what somebody else denied was not agreed to either", async () => {
  const agent = await start(
    ({ approvals, journal }) => (approvals.push(approval), journal(requested)),
  );
  const run = cli(["ask", "--session", "ses_1", "clean up"], agent, { terminal: true });
  await run.sees("[l]ater > ");
  agent.journal(decided("deny"));
  agent.settle("Without it, then.");
  expect(await run.exits()).toBe(3);
  expect(agent.server.to("POST /v1/approvals/apr_1")).toEqual([]);
});

test("later leaves the turn waiting", async () => {
  const agent = await start(
    (scripted) => {
      scripted.approvals.push(approval);
      scripted.journal(requested);
    },
    { "POST /v1/approvals/apr_1": answers(approval) },
  );
  const run = cli(["ask", "--session", "ses_1", "clean up"], agent, { terminal: true });
  await run.sees("[l]ater");
  run.types("l\r");
  expect(await run.exits()).toBe(3);
  expect(run.stdout()).toMatch(/turn_1 waits .*\r?\n +mainstay approve apr_1\r?\n/);
});

test("Ctrl-C cancels and waits for the end; a second one leaves", async () => {
  const cancel = (then: (agent: ScriptedAgent) => void): Record<string, Handler> => ({
    "POST /v1/turns/turn_1/cancel": (request, response) => {
      const result = answers(turn)(request, response);
      then(agent);
      return result;
    },
  });
  let agent = await start(
    () => undefined,
    cancel((scripted) => scripted.settle("Stopped as you wished.", { state: "cancelled" })),
  );
  let run = cli(["ask", "hi"], agent);
  await agent.followed;
  run.signals("SIGINT");
  expect(await run.exits()).toBe(130);
  expect(run.stdout()).toBe("Stopped as you wished.\n");

  agent = await start(
    () => undefined,
    cancel(() => undefined),
  );
  run = cli(["ask", "hi"], agent);
  await agent.followed;
  run.signals("SIGINT");
  await run.sees("Ctrl-C again");
  run.signals("SIGINT");
  expect(await run.exits()).toBe(130);
  expect(run.stderr()).toContain("it goes on: mainstay status turn_1");
});

test.for([
  [
    "failed",
    { state: "failed", error: { code: "poisoned", message: "thrice" } },
    1,
    "poisoned: thrice",
  ],
  ["offline", { mode: "offline", provider: null, model: null }, 0, "offline: no model took part"],
] as const)("an end that is %s is told honestly", async ([, rest, code, said]) => {
  const run = cli(["ask", "hi"], await start(({ settle }) => settle("Local facts.", rest)));
  expect(await run.exits()).toBe(code);
  expect(run.stdout()).toBe("Local facts.\n");
  expect(run.stderr()).toContain(said);
});

test("what was cancelled in the queue is signed without blanks", async () => {
  const nobody = { state: "cancelled", provider: null, model: null } as const;
  const run = cli(["ask", "hi"], await start(({ settle }) => settle("Cancelled.", nobody)));
  expect(await run.exits()).toBe(1);
  expect(run.stderr()).toContain("\n— cancelled · turn_1\n");
});

test.each(["model", "person"] as const)(
  "a turn parked for a %s prints its provisional answer, how to go on, and has an exit code of its own",
  async (waits_for) => {
    const agent = await start(({ journal }) =>
      journal({ type: "parked", answer: "So far: nothing.", cause: "503", waits_for }),
    );
    const { code, out, err } = await runHere(["ask", "--session", "ses_1", "hi"], agent);
    expect({ code, out }).toEqual({ code: 6, out: "So far: nothing.\n" });
    expect(err).toBe(
      "To try it now: mainstay retry turn_1, to give it up: mainstay cancel turn_1\n",
    );
  },
);

test("a folder is registered after one question, and the proof does not stay", async () => {
  const workspace = { id: "ws_new", path: folder, private: false, trusted: true, created_at: "" };
  const proof = { file: ".mainstay-proof-1", expires_in_s: 60 };
  const unproven = refuses({ status: 403, code: "workspace_unproven", proof });
  let proven = false;
  const agent = await start(({ settle }) => settle("ok"), {
    "POST /v1/workspaces": inTurn(unproven, unproven, (request, response) => {
      proven = existsSync(join(folder, proof.file));
      return answers(workspace, 201)(request, response);
    }),
  });
  const run = cli(["ask", "hi"], agent, { terminal: true });
  await run.sees(`May Mainstay work in ${folder}?`);
  await run.sees("y, t or n > ");
  run.types("a\r");
  await run.sees("Please type y, t or n.");
  await run.sees("y, t or n > ");
  run.types("t\r");
  expect(await run.exits()).toBe(0);
  expect(proven).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
  expect(agent.server.to("POST /v1/workspaces").map(({ body }) => body)).toEqual([
    { path: folder },
    { path: folder, trust: true },
    { path: folder, trust: true, proof: proof.file },
  ]);
  expect(agent.server.to("POST /v1/turns")[0]?.body).toMatchObject({ workspace: "ws_new" });
});

test("Ctrl-C at the folder question leaves, and nothing has happened", async () => {
  const agent = await start(({ settle }) => settle("ok"));
  const run = cli(["ask", "hi"], agent, { terminal: true });
  await run.sees("y, t or n > ");
  run.types("\u0003");
  expect(await run.exits()).toBe(130);
  expect(agent.server.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  expect(readdirSync(folder)).toEqual([]);
});

test("a refused folder is explained, its proof removed, and the question still answered", async () => {
  const proof = { file: ".proof", expires_in_s: 60 };
  const agent = await start(({ settle }) => settle("ok"), {
    "POST /v1/workspaces": inTurn(
      refuses({ status: 403, code: "workspace_unproven", proof }),
      refuses({ status: 403, code: "workspace_unproven", proof }),
      refuses({ status: 403, code: "workspace_refused", detail: "A home folder holds keys." }),
    ),
  });
  const run = cli(["ask", "hi"], agent, { terminal: true });
  await run.sees("y, t or n > ");
  run.types("y\r");
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toContain("A home folder holds keys.");
  expect(readdirSync(folder)).toEqual([]);
  expect(agent.server.to("POST /v1/turns")[0]?.body).toEqual({ message: "hi" });
});

test.for([true, false])("a forbidden folder is not offered, terminal: %s", async (terminal) => {
  const agent = await start(({ settle }) => settle("ok"), {
    "POST /v1/workspaces": refuses({
      status: 422,
      code: "workspace_refused",
      title: "The folder cannot be a workspace",
      detail: "This folder cannot be a workspace: it is a home folder.",
    }),
  });
  const run = cli(["ask", "hi"], agent, { terminal });
  expect(await run.exits()).toBe(0);
  const said = run.stdout() + run.stderr();
  expect(said.split("cannot be a workspace")).toHaveLength(2);
  expect(said).toContain("private scratch folder instead");
  expect(said).not.toMatch(/y, t or n|workspace add/);
});

test.for(["../escape", "a/b", "..", ""])("a proof file named %j is not made", async (file) => {
  mkdirSync(join(folder, "in"));
  const proof = { file, expires_in_s: 60 };
  const agent = await start(() => undefined, {
    "POST /v1/workspaces": refuses({ status: 403, code: "workspace_unproven", proof }),
  });
  const run = cli(["workspace", "add", "in"], agent);
  expect(await run.exits()).toBe(1);
  expect(readdirSync(folder)).toEqual(["in"]);
  expect(agent.server.to("POST /v1/workspaces")).toHaveLength(1);
});

test("a file that is already there is neither used nor removed", async () => {
  writeFileSync(join(folder, "precious"), "x");
  const proof = { file: "precious", expires_in_s: 60 };
  const agent = await start(() => undefined, {
    "POST /v1/workspaces": refuses({ status: 403, code: "workspace_unproven", proof }),
  });
  const run = cli(["workspace", "add"], agent);
  expect(await run.exits()).toBe(1);
  expect(run.stderr()).toContain("cannot prove");
  expect(readdirSync(folder)).toEqual(["precious"]);
});
