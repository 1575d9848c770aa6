/** Commands as jobs on the command line: looked at, followed, stopped, given more time. */
import type { CommandEvent, CommandNews, CommandOutput } from "@mainstay/sdk/commands";
import { systemClock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { answers, frame, type Handler, refuses } from "../../sdk/test/scripted-server.ts";
import { ended, ESC, progress, running } from "./some-commands.ts";
import { runHere } from "./run-here.ts";
import { turn } from "./scripted-agent.ts";
import { cli, start, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

const STANDS = "running for 1 min 12 s of 10 min · 3.4 MB · 45 % · Compiling\\u{1b}[2J serde";

const asked: JournalBody = {
  ...{ type: "attempt_started", step: 1, attempt: 1, provider: "groq", model: "large", why: "" },
};

const tells =
  (...events: (CommandEvent | CommandNews)[]): Handler =>
  (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events.map(frame).join(""));
  };

test("the list has a row for each command, in which nothing of it can mislead", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/commands": answers({ items: [running, ended], next: "older" }),
  });
  const { code, out, err } = await runHere(["commands"], agent);
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    `cmd_1  2026-01-01 00:00 UTC  npm test\\u{1b} ⏎ echo x — in the background, ${STANDS}`,
    "cmd_1  2026-01-01 00:00 UTC  npm test\\u{1b} ⏎ echo x — in the background, ran to its end: exit code 3 after 2 min",
    "",
  ]);
  expect(err).toContain("there are older ones");
});

test("--running asks for all pages of those that run, and what is not known is not made up", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/commands": answers({ items: [{ ...running, progress: null }], next: null }),
  });
  const { code, out } = await runHere(["commands", "--running"], agent);
  expect(code).toBe(0);
  expect(agent.server.to("GET /v1/commands")[0]?.path).toBe("/v1/commands?state=running");
  expect(out).toContain("running, of 10 min; how far it is is not known right now");
});

test("one command: what, how far, what for, whose", async () => {
  const agent = await start(() => undefined, { "GET /v1/commands/cmd_1": answers(running) });
  const { code, out } = await runHere(["commands", "cmd_1"], agent);
  expect(code).toBe(0);
  expect(out).toBe(
    [
      "command   npm test\\u{1b} ⏎ echo x",
      `state     ${STANDS}`,
      "for       see what fails",
      "where     in the background: it goes on when its turn has ended",
      "began     2026-01-01 00:00 UTC, of turn_1, Ada",
      "",
    ].join("\n"),
  );
});

test("--follow prints what it prints once, also over a break, and ends as it ended", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/commands/cmd_1/events": tells(
      { type: "snapshot", command: running },
      { type: "output", offset: 10, text: "one\ntwo" },
      { type: "progress", ...progress },
      { type: "output", offset: 14, text: `two ${ESC}[1A\n` },
      { type: "ended", command: ended },
    ),
  });
  const { code, out, err } = await runHere(["commands", "cmd_1", "--follow"], agent);
  expect(code).toBe(1);
  expect(out).toBe("[10 characters not shown]\none\ntwo \\u{1b}[1A\n");
  expect(err).toBe(
    "— ran to its end: exit code 3 after 2 min\nAll that it printed: mainstay commands cmd_1 --output\n",
  );
});

test("Ctrl-C leaves a command that is followed, and says that it goes on", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/commands/cmd_1/events": tells({ type: "snapshot", command: running }),
  });
  const run = cli(["commands", "cmd_1", "--follow"], agent, { terminal: true });
  await run.sees("running for 1 min 12 s of 10 min");
  run.types("\u0003");
  await run.sees("Left; it goes on: mainstay commands cmd_1 --follow");
  expect(await run.exits()).toBe(130);
  expect(agent.server.to("POST /v1/commands/cmd_1/cancel")).toEqual([]);
});

test("--output joins its pieces, characters that they cut too, and says what was not kept", async () => {
  const bytes = Buffer.from(`Grüße${ESC}c`);
  const piece = (from: number, next: number): CommandOutput => ({
    ...{ from, next, base64: bytes.subarray(from, next).toString("base64") },
    ...{ output_bytes: 1_500, kept_bytes: bytes.length, ended: false },
  });
  const agent = await start(() => undefined, {
    "GET /v1/commands/cmd_1/output": ({ path }, response) =>
      answers(path.endsWith("from=0") ? piece(0, 3) : piece(3, bytes.length))(
        { path } as never,
        response,
      ),
  });
  const { code, out, err } = await runHere(["commands", "cmd_1", "--output"], agent);
  expect(code).toBe(0);
  expect(out).toBe("Grüße\\u{1b}c\n");
  expect(err).toBe("The 1.5 kB after that were not kept.\nIt is still running.\n");
});

test("cancel and extend say what holds now; a time that is none is refused before anybody is asked", async () => {
  const agent = await start(() => undefined, {
    "POST /v1/commands/cmd_1/cancel": answers(running),
    "POST /v1/commands/cmd_1/extend": answers({ ...running, wall_ms: 6_000_000 }),
  });
  const commands = (...args: string[]) => runHere(["commands", ...args], agent);
  const { out } = await commands("cancel", "cmd_1", "--json");
  expect(JSON.parse(out)).toMatchObject({ id: "cmd_1" });
  expect(await commands("extend", "cmd_1", "1h30m")).toMatchObject({
    code: 0,
    out: "Its time is up 1 h 40 min after it began.\n",
  });
  for (const none of ["10", "", "10 m", "m", "0s", "-5m", "1h-3m"])
    expect(await commands("extend", "cmd_1", none)).toMatchObject({
      code: 2,
      err: expect.stringContaining("write 90s, 10m or 1h30m"),
    });
  expect(await commands("extend", "cmd_1", "100h")).toMatchObject({
    code: 2,
    err: expect.stringContaining("at most 24h can be given at once"),
  });
  expect(await commands("extend", "cmd_1", "1d")).toMatchObject({ code: 0 });
  expect(agent.server.to("POST /v1/commands/cmd_1/extend").map(({ body }) => body)).toEqual([
    { for_s: 5_400 },
    { for_s: 86_400 },
  ]);
});

test("of a command that has ended cancel and extend say how it ended, once", async () => {
  const problem = { status: 409, code: "command_ended", detail: "cmd_1 has ended." } as const;
  const agent = await start(() => undefined, {
    "POST /v1/commands/cmd_1/cancel": refuses(problem),
    "POST /v1/commands/cmd_1/extend": refuses(problem),
    "GET /v1/commands/cmd_1": answers(ended),
  });
  for (const args of [
    ["cancel", "cmd_1"],
    ["extend", "cmd_1", "5m"],
  ])
    expect(await runHere(["commands", ...args], agent)).toMatchObject({
      ...{
        code: 1,
        out: "",
        err: "It has ended already: ran to its end: exit code 3 after 2 min\n",
      },
    });
});

test("an id that is empty is asked for in plain words", async () => {
  const agent = await start(() => undefined, {});
  expect(await runHere(["commands", ""], agent)).toMatchObject({
    ...{ code: 2, err: expect.stringContaining("Which command? See: mainstay commands") },
  });
});

test("status says that a turn waits for its command, not for the model", async () => {
  const busy = { ...turn, state: "running", last_event: 1 };
  const agent = await start(() => undefined, {
    "GET /v1/turns/turn_1": answers(busy),
    "GET /v1/commands": answers({ items: [{ ...running, background: false }], next: null }),
  });
  const { out } = await runHere(["status", "turn_1"], agent);
  expect(agent.server.to("GET /v1/commands")[0]?.path).toBe(
    "/v1/commands?turn_id=turn_1&state=running",
  );
  expect(out).toContain(`waits     for the command cmd_1: ${STANDS}\n`);
});

test("status says that a turn waits for the model, though one of its commands runs in the background", async () => {
  const agent = await start(({ journal }) => journal(asked), {
    "GET /v1/turns/turn_1": answers({ ...turn, state: "running", last_event: 1 }),
    "GET /v1/commands": answers({ items: [running], next: null }),
  });
  const { out } = await runHere(["status", "turn_1"], agent, { ...systemClock, now: () => 72_000 });
  expect(out).toContain("waits     for the model groq/large, asked 1 min 12 s ago\n");
});

test("what whoever works here must know comes before all else", async () => {
  const banner = `NO SANDBOX${ESC}[2J`;
  const me = { id: "usr_1", name: "Ada", role: "admin", tier: "pro", pause: null, banner };
  const agent = await start(({ settle }) => settle("Hello."), { "GET /v1/me": answers(me) });
  const { code, out, err } = await runHere(["ask", "--session", "ses_1", "hi"], agent);
  expect({ code, out }).toEqual({ code: 0, out: "Hello.\n" });
  expect(err.split("\n")[0]).toBe("!! NO SANDBOX\\u{1b}[2J");
});

test("a chat tells above its prompt how a command in the background ended, and lists what runs", async () => {
  let tellEnd = () => {};
  const agent = await start(() => undefined, {
    "GET /v1/commands/events": (request, response) => {
      void tells({ type: "snapshot", items: [running] })(request, response);
      const news: CommandNews = { type: "ended", command: ended };
      tellEnd = () => void response.write(frame(news));
    },
    "GET /v1/commands": answers({ items: [running], next: null }),
  });
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees("In the background runs npm test\\u{1b} ⏎ echo x — /commands");
  run.types("/commands\r");
  await run.sees("cmd_1  2026-01-01 00:00 UTC");
  run.types("half a th");
  await run.sees("half a th");
  tellEnd();
  await run.sees("exit code 3 after 2 min — mainstay commands cmd_1 --output");
  await run.sees("› half a th");
  run.types("\u0015/exit\r");
  expect(await run.exits()).toBe(0);
});
