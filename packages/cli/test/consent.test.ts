/** Consent from the command line: rules, policies, overrides, and what comes from elsewhere. */
import type { ServerResponse } from "node:http";
import type { ApprovalNews, Override, Policy, Rule, RuleSuggestion } from "@mainstay/sdk/consent";
import type { JournalBody } from "@mainstay/sdk/events";
import type { Approval } from "@mainstay/sdk/resources";
import { expect, test } from "vitest";
import { answers, frame, type Handler, inTurn, refuses } from "../../sdk/test/scripted-server.ts";
import { approval, type ScriptedAgent, turn } from "./scripted-agent.ts";
import { cli, folder, start, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

const rulable: Approval = {
  ...approval,
  command: "npm test",
  command_shown: "npm test",
  rule: "npm test",
};
const requested: JournalBody = {
  ...{ type: "approval_requested", step: 1, call_id: "call_1", approval_id: "apr_1" },
  ...{ tool: "shell", intent: "", command: "npm test", reason: "it runs code", expires_at: "" },
};
const decided = (decision: "approve" | "deny", by: string): JournalBody => ({
  ...{ type: "approval_decided", approval_id: "apr_1", call_id: "call_1", decision, by },
});

/** An agent whose turn asks for one consent. */
const asking = (asked: Approval, routes: Record<string, Handler> = {}): Promise<ScriptedAgent> =>
  start(({ approvals, journal }) => {
    approvals.push(asked);
    journal(requested);
  }, routes);

test("[r]emember approves and makes the rule; words do as well as letters", async () => {
  const agent = await asking(rulable, {
    "POST /v1/approvals/apr_1": (request, response) => {
      agent.journal(decided("approve", "Ada"));
      agent.settle("Right.");
      return answers({ ...rulable, state: "approved" })(request, response);
    },
  });
  const run = cli(["ask", "--session", "ses_1", "test"], agent, { terminal: true });
  await run.sees("rule    remember allows from now on: npm test");
  await run.sees("[a]pprove once  [r]emember as a rule  [d]eny  [l]ater > ");
  run.types("y\r");
  await run.sees("type a, r, d or l");
  await run.sees("[l]ater > ");
  run.types("Remember\r");
  await run.sees("From now on it does not ask for npm test; see: mainstay rules");
  expect(await run.exits()).toBe(0);
  expect(agent.server.to("POST /v1/approvals/apr_1").map(({ body }) => body)).toEqual([
    { decision: "approve", remember: true },
  ]);
});

test("where no rule can say it none is offered, and what the server refuses is asked again", async () => {
  const agent = await asking(rulable, {
    "POST /v1/approvals/apr_1": inTurn(
      refuses({ status: 422, code: "rule_impossible", detail: "check.sh has changed." }),
      (request, response) => {
        agent.journal(decided("approve", "Ada"));
        agent.settle("Right.");
        return answers({ ...rulable, state: "approved" })(request, response);
      },
    ),
  });
  const run = cli(["ask", "--session", "ses_1", "test"], agent, { terminal: true });
  await run.sees("[l]ater > ");
  run.types("r\r");
  await run.sees("  check.sh has changed.");
  await run.sees("  [a]pprove once  [d]eny  [l]ater > ");
  run.types("r\r");
  await run.sees("No rule can say this command; please type a, d or l.");
  await run.sees("[l]ater > ");
  run.types("a\r");
  expect(await run.exits()).toBe(0);
  expect(agent.server.to("POST /v1/approvals/apr_1").at(-1)?.body).toEqual({ decision: "approve" });
});

test("who decided elsewhere is said where the question is taken back", async () => {
  const agent = await asking(rulable);
  const run = cli(["ask", "--session", "ses_1", "test"], agent, { terminal: true });
  await run.sees("[l]ater > ");
  run.types("den");
  await run.sees("den");
  agent.journal(decided("approve", "Grace"));
  await run.sees("Grace approved it elsewhere: npm test");
  agent.settle("Right.");
  expect(await run.exits()).toBe(0);
});

test("who was faster is said to the one who was slower", async () => {
  const denied = { ...rulable, state: "denied" as const, decided_by: "Grace" };
  const agent = await asking(rulable, {
    "GET /v1/approvals/apr_1": inTurn(answers(rulable), answers(denied)),
    "POST /v1/approvals/apr_1": (request, response) => {
      agent.journal(decided("deny", "Grace"));
      agent.settle("Without it, then.");
      return refuses({ status: 409, code: "approval_decided" })(request, response);
    },
  });
  const run = cli(["ask", "--session", "ses_1", "test"], agent, { terminal: true });
  await run.sees("[l]ater > ");
  run.types("a\r");
  await run.sees("Grace denied it elsewhere: npm test");
  expect(await run.exits()).toBe(3);
});

test("without a terminal the denial names the rule that would have let it through", async () => {
  const quoted = { ...rulable, command: "grep -c 'a b' x" };
  const agent = await asking(quoted, {
    "POST /v1/approvals/apr_1": (request, response) => {
      agent.journal(decided("deny", "Ada"));
      agent.settle("Without it, then.");
      return answers(quoted)(request, response);
    },
  });
  const run = cli(["ask", "test"], agent);
  expect(await run.exits()).toBe(3);
  expect(run.stderr()).toContain(`mainstay rules add 'grep -c '\\''a b'\\'' x'\n`);
});

/** News of approvals that the test tells to whoever listens. */
function newsDesk() {
  const listeners = new Set<ServerResponse>();
  const listened = Promise.withResolvers<void>();
  let items: Approval[] = [];
  const send = (response: ServerResponse, news: ApprovalNews) => response.write(frame(news));
  const route: Handler = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    listeners.add(response);
    send(response, { type: "snapshot", items });
    listened.resolve();
  };
  return {
    routes: { "GET /v1/approvals/events": route },
    /** Resolves when somebody listens: what is told before reaches nobody. */
    listened: listened.promise,
    waits: (...now: Approval[]) => void (items = now),
    tell: (news: ApprovalNews) => listeners.forEach((response) => send(response, news)),
  };
}

const other: Approval = { ...rulable, id: "apr_9", turn_id: "turn_9", command: "make install" };

test("chat: what waits elsewhere is told once above the prompt, what is typed stays, its end is told", async () => {
  const desk = newsDesk();
  const agent = await start(({ settle }) => settle("Hello."), desk.routes);
  desk.waits(rulable);
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees("1 approval waits: npm test — mainstay approve apr_1, or type /approvals");
  run.types("what a");
  await run.sees("what a");
  desk.tell({ type: "requested", approval: other });
  await run.sees("2 approvals wait, the newest: make install — /approvals shows them");
  await run.sees("what a");
  run.types("bout");
  await run.sees("bout");
  desk.tell({ type: "decided", id: "apr_9", state: "denied", by: "Grace" });
  await run.sees("Grace denied it elsewhere: make install");
  await run.sees("what about");
  run.types(" it?\r");
  await run.sees("Hello.");
  await run.sees("› ");
  run.types("\u0004");
  expect(await run.exits()).toBe(0);
  expect(agent.server.to("POST /v1/turns").map(({ body }) => body)).toEqual([
    { message: "what about it?", session_id: "ses_1" },
  ]);
  expect(run.stdout().split("approval waits")).toHaveLength(2);
});

test("chat: news that come while a turn is shown wait for the prompt, decisions of one's own are no news", async () => {
  const desk = newsDesk();
  const agent = await start(() => undefined, {
    ...desk.routes,
    "GET /v1/turns/turn_9": answers({ ...turn, id: "turn_9", session_id: "ses_2" }),
    "POST /v1/approvals/apr_9": (request, response) => {
      desk.tell({ type: "decided", id: "apr_9", state: "approved", by: "Ada" });
      return answers(other)(request, response);
    },
  });
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees("› ");
  run.types("hi\r");
  await Promise.all([agent.followed, desk.listened]);
  agent.approvals.push(other);
  desk.tell({ type: "requested", approval: other });
  agent.live({ type: "delta", step: 1, attempt: 1, offset: 0, text: "Some " });
  await run.sees("Some ");
  agent.live({ type: "delta", step: 1, attempt: 1, offset: 5, text: "text." });
  await run.sees("text.");
  agent.settle("Some text.");
  await run.sees("1 approval waits: make install");
  expect(run.stdout()).toMatch(/Some text\.[^]*1 approval waits/);
  await run.sees("› ");
  run.types("/approvals\r");
  await run.sees("│ npm test");
  await run.sees("[l]ater > ");
  run.types("a\r");
  await run.sees("Its turn goes on: mainstay status turn_9");
  await run.sees("› ");
  run.types("\u0004");
  expect(await run.exits()).toBe(0);
  expect(run.stdout().split("1 approval waits")).toHaveLength(2);
  expect(run.stdout()).not.toContain("elsewhere");
});

test("chat: /approvals decides what was left for later, and follows its turn on", async () => {
  const desk = newsDesk();
  const agent = await asking(rulable, {
    ...desk.routes,
    "POST /v1/approvals/apr_1": (request, response) => {
      if ((request.body as { decision: string }).decision === "approve") agent.settle("Tested.");
      return answers(rulable)(request, response);
    },
  });
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees("› ");
  run.types("test\r");
  await run.sees("[l]ater > ");
  run.types("l\r");
  await run.sees("or here: /approve, /deny, /approvals");
  await run.sees("› ");
  run.types("/approvals\r");
  await run.sees("[l]ater > ");
  run.types("a\r");
  await run.sees("Tested.");
  await run.sees("› ");
  run.types("\u0004");
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).not.toContain("1 approval waits");
});

test("chat: a question of /approvals is taken back when somebody else decides", async () => {
  const desk = newsDesk();
  const agent = await start(() => undefined, {
    ...desk.routes,
    "GET /v1/turns/turn_9": answers({ ...turn, id: "turn_9" }),
  });
  agent.approvals.push(other);
  desk.waits(other);
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees("1 approval waits");
  run.types("/approvals\r");
  await run.sees("[l]ater > ");
  desk.tell({ type: "decided", id: "apr_9", state: "approved", by: "Grace" });
  await run.sees("Grace approved it elsewhere: make install");
  await run.sees("› ");
  run.types("\u0004");
  expect(await run.exits()).toBe(0);
});

test("approvals --follow tells what comes and what becomes of it, over a lost connection", async () => {
  const desk = newsDesk();
  const agent = await start(() => undefined, desk.routes);
  const run = cli(["approvals", "--follow"], agent);
  await run.sees("Nothing waits for your consent; what comes is told here.");
  desk.tell({ type: "requested", approval: rulable });
  await run.sees("mainstay approve apr_1 [--remember]    mainstay deny apr_1");
  desk.tell({ type: "decided", id: "apr_1", state: "approved", by: "Grace" });
  await run.sees("Grace approved it elsewhere: npm test");
  run.signals("SIGINT");
  expect(await run.exits()).toBe(130);

  const json = cli(["approvals", "--follow", "--json"], agent);
  await json.sees('{"type":"snapshot","items":[]}');
  json.signals("SIGINT");
  expect(await json.exits()).toBe(130);
});

test("approve --remember; what no rule can say is refused with the reason", async () => {
  const agent = await start(() => undefined, {
    "POST /v1/approvals/apr_1": inTurn(
      answers({ ...rulable, state: "approved" }),
      refuses({ status: 422, code: "rule_impossible", detail: "It writes through a redirection." }),
    ),
  });
  const made = cli(["approve", "apr_1", "--remember"], agent);
  expect(await made.exits()).toBe(0);
  expect(made.stdout()).toBe(
    "Approved: npm test\nFrom now on it does not ask for npm test; see: mainstay rules\n",
  );
  const refused = cli(["approve", "apr_1", "--remember"], agent);
  expect(await refused.exits()).toBe(1);
  expect(refused.stderr()).toContain("It writes through a redirection.\n");
  expect(agent.server.to("POST /v1/approvals/apr_1")[0]?.body).toEqual({
    ...{ decision: "approve", remember: true },
  });
});

const rule: Rule = {
  ...{ id: "rule_1", person: { id: "usr_1", name: "Ada" }, workspace_id: "ws_1" },
  ...{ workspace_path: "/srv/shop", words: ["sh", "check.sh"], folder: "" },
  pins: [{ path: "check.sh", sha256: "3f".repeat(32) }],
  text: "sh check.sh while check.sh stays as it is",
  ...{ made_at: "2026-01-01T00:00:00.000Z", made_by: "Ada", from: "approval", used: 2 },
  ...{ last_used_at: "2026-01-03T00:00:00.000Z", revoked_at: null },
};
const suggestion: RuleSuggestion = {
  ...{ workspace_id: "ws_1", workspace_path: "/srv/my shop", command: "npm test", times: 3 },
  ...{ command_shown: "npm test", rule: "npm test", last_at: "2026-01-03T00:00:00.000Z" },
  text: "You approved `npm test` in this workspace 3 times",
};

test("rules: listed, made for the folder one stands in, taken back, suggested", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/rules/suggestions": answers({ items: [suggestion], next: null }),
    "GET /v1/rules": answers({ items: [rule], next: null }),
    "POST /v1/rules": answers({ items: [{ ...rule, from: "person" }], next: null }, 201),
    "DELETE /v1/rules/rule_1": answers({ ...rule, revoked_at: "2026-01-04T00:00:00.000Z" }),
  });
  const created_at = "2026-01-01T00:00:00.000Z";
  agent.workspaces.push({ id: "ws_1", path: folder, private: false, trusted: false, created_at });
  const said = async (...args: string[]) => {
    const run = cli(["rules", ...args], agent);
    expect(await run.exits()).toBe(0);
    return run.stdout();
  };
  expect(await said()).toBe(
    "rule_1  sh check.sh while check.sh stays as it is\n" +
      "    in /srv/shop, for Ada\n" +
      `    while check.sh has sha256 ${"3f".repeat(32)}\n` +
      "    made by Ada on 2026-01-01, with an approval; used 2 times, last on 2026-01-03\n",
  );
  expect(JSON.parse(await said("list", "--json"))).toMatchObject({ items: [{ id: "rule_1" }] });
  expect(await said("add", "sh check.sh")).toContain("by hand");
  expect(await said("add", "npm test", "--workspace", "ws_2")).toContain("rule_1");
  expect(agent.server.to("POST /v1/rules").map(({ body }) => body)).toEqual([
    { workspace: folder, command: "sh check.sh" },
    { workspace: "ws_2", command: "npm test" },
  ]);
  expect(await said("remove", "rule_1")).toContain("It asks again for sh check.sh");
  expect(await said("suggestions")).toContain(
    "    mainstay rules add 'npm test' --workspace '/srv/my shop'\n",
  );
});

test("rules add where no folder is registered says so, and asks for nothing", async () => {
  const agent = await start(() => undefined);
  const run = cli(["rules", "add", "npm test"], agent);
  expect(await run.exits()).toBe(2);
  expect(run.stderr()).toContain("lies in no folder that Mainstay may work in");
  expect(agent.server.to("POST /v1/rules")).toEqual([]);
});

const policy: Policy = {
  ...{ scope: "person", subject: "usr_2", subject_name: "Bob", ceiling: "read-only" },
  ...{ set_by: "Ada", set_at: "2026-01-01T00:00:00.000Z" },
};

test("policy: listed, set, cleared; a member is told to ask an admin; wrong words are told", async () => {
  const forbidden = refuses({
    ...{ status: 403, code: "forbidden", title: "Not allowed" },
    detail: "Only an admin may do this; ask one.",
  });
  const agent = await start(() => undefined, {
    "GET /v1/policies": inTurn(answers({ items: [policy], next: null }), forbidden),
    "PUT /v1/policies": answers(policy),
    "DELETE /v1/policies": (_, response) => void response.writeHead(204).end(),
  });
  const ran = async (...args: string[]) => {
    const run = cli(["policy", ...args], agent);
    return { code: await run.exits(), out: run.stdout(), err: run.stderr() };
  };
  const row = "person     read-only  Bob  (set by Ada on 2026-01-01)\n";
  expect(await ran()).toEqual({ code: 0, out: row, err: "" });
  expect(await ran("list")).toMatchObject({ code: 1, err: expect.stringContaining("an admin") });
  expect(await ran("set", "person", "Bob", "read-only")).toMatchObject({ code: 0, out: row });
  expect(agent.server.to("PUT /v1/policies")[0]?.body).toEqual({
    ...{ scope: "person", subject: "Bob", ceiling: "read-only" },
  });
  expect(await ran("clear", "person", "Bob")).toMatchObject({ code: 0 });
  expect(agent.server.to("DELETE /v1/policies")[0]?.path).toBe(
    "/v1/policies?scope=person&subject=Bob",
  );
  expect(await ran("set", "person", "Bob", "all")).toMatchObject({ code: 2 });
  expect(agent.server.to("PUT /v1/policies")).toHaveLength(1);
});

const override: Override = {
  ...{ id: "ovr_1", person: { id: "usr_2", name: "Bob" }, workspace_id: "ws_1" },
  ...{ workspace_path: "/srv/shop", command: "dd of=x\u202e", command_shown: "dd of=x\\u{202e}" },
  ...{ findings: [], says: [], reason: "ticket 71", state: "open", granted_by: "Ada" },
  ...{ created_at: "2026-01-01T00:00:00.000Z", expires_at: "2026-01-01T01:00:00.000Z" },
  ...{ used_by: null, used_at: null },
};
const blockedCall: JournalBody = {
  ...{ type: "step_ended", step: 2, attempt: 1, text: "", finish: "tool_calls", mode: "full" },
  tool_calls: [{ id: "call_1", name: "shell", input: '{"command":"dd of=x\\u202e"}' }],
  ...{ provider: "fake", model: "m1", usage: { input_tokens: 1, output_tokens: 1 } },
};

test.for([
  ["override", 0, 1],
  ["yes", 3, 0],
] as const)("override on a terminal shows the command and wants a word: %s", async (setup) => {
  const [word, code, grants] = setup;
  const agent = await start(() => undefined, {
    "POST /v1/admin/overrides": answers(override, 201),
  });
  agent.journal(blockedCall);
  const call = ["override", "turn_1", "2", "call_1", "--reason", "ticket 71"];
  const run = cli(call, agent, { terminal: true });
  await run.sees("│ dd of=x\\u{202e}");
  await run.sees("Type override to let it through > ");
  run.types(`${word}\r`);
  expect(await run.exits()).toBe(code);
  const sent = agent.server.to("POST /v1/admin/overrides").map(({ body }) => body);
  expect(sent).toEqual(
    Array(grants).fill({ turn_id: "turn_1", step: 2, call_id: "call_1", reason: "ticket 71" }),
  );
});

test("override without a terminal, of a command's bytes, the list, and one withdrawn", async () => {
  const agent = await start(() => undefined, {
    "POST /v1/admin/overrides": answers(override, 201),
    "GET /v1/admin/overrides": answers({ items: [override], next: null }),
    [`DELETE /v1/admin/overrides/${override.id}`]: answers(override),
  });
  const where = ["--workspace", "ws_1", "--person", "usr_2", "--reason", "ticket 71"];
  const granted = cli(["override", "command", "dd of=x", ...where], agent);
  expect(await granted.exits()).toBe(0);
  const row =
    "ovr_1  open until 2026-01-01 01:00 UTC  dd of=x\\u{202e}\n" +
    "    for Bob in /srv/shop\n    granted by Ada: ticket 71\n";
  expect(granted.stdout()).toBe(row);
  const listed = cli(["override", "list"], agent);
  expect(await listed.exits()).toBe(0);
  expect(listed.stdout()).toBe(row);
  const withdrawn = cli(["override", "withdraw", override.id], agent);
  expect(await withdrawn.exits()).toBe(0);
  expect(withdrawn.stderr()).toContain("Withdrawn: ");
  const without = cli(["override", "turn_1", "2", "call_1"], agent);
  expect(await without.exits()).toBe(2);
  expect(without.stderr()).toContain("--reason");
});
