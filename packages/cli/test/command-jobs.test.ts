/** Commands as jobs on the command line: looked at, followed, stopped, given more time. */
import type { Command, CommandEvent, CommandOutput } from "@mainstay/sdk/commands";
import { expect, test } from "vitest";
import { answers, frame, type Handler } from "../../sdk/test/scripted-server.ts";
import { cli, start, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

const ESC = "\u001b";
const progress = {
  ...{ elapsed_ms: 72_000, wall_ms: 600_000, output_bytes: 3_400_000, percent: 45.6 },
  last_line: `Compiling${ESC}[2J serde`,
};
const running: Command = {
  ...{ id: "cmd_1", turn_id: "turn_1", session_id: "ses_1", workspace_id: "ws_1" },
  person: { id: "usr_1", name: "Ada" },
  ...{ step: 1, call_id: "call_1", intent: "see what fails", command: `npm test${ESC}\n  echo x` },
  ...{ background: true, state: "running", began_at: "2026-01-01T00:00:00.000Z", ended_at: null },
  ...{ wall_ms: 600_000, progress, stopped_by: null, outcome: null },
};
const ended: Command = {
  ...running,
  ...{ state: "ended", ended_at: "2026-01-01T00:02:00.000Z", progress: null },
  outcome: {
    ...{
      ran: "ran",
      summary: "ran to its end: exit code 3 after 2 min",
      exit_code: 3,
      signal: null,
    },
    ...{ timed_out: false, cancelled: false, exceeded: null, duration_ms: 120_000 },
    ...{ output_bytes: 12, output_sha256: null },
  },
};
const STANDS = "running for 1 min 12 s of 10 min · 3.4 MB · 45 % · Compiling\\u{1b}[2J serde";

const tells =
  (...events: CommandEvent[]): Handler =>
  (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events.map(frame).join(""));
  };

test("the list has a row for each command, in which nothing of it can mislead", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/commands": answers({ items: [running, ended], next: "older" }),
  });
  const run = cli(["commands"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stdout().split("\n")).toEqual([
    `cmd_1  2026-01-01 00:00 UTC  npm test\\u{1b} ⏎ echo x — in the background, ${STANDS}`,
    "cmd_1  2026-01-01 00:00 UTC  npm test\\u{1b} ⏎ echo x — in the background, ran to its end: exit code 3 after 2 min",
    "",
  ]);
  expect(run.stderr()).toContain("there are older ones");
});

test("--running asks for all pages of those that run, and what is not known is not made up", async () => {
  const agent = await start(() => undefined, {
    "GET /v1/commands": answers({ items: [{ ...running, progress: null }], next: null }),
  });
  const run = cli(["commands", "--running"], agent);
  expect(await run.exits()).toBe(0);
  expect(agent.server.to("GET /v1/commands")[0]?.path).toBe("/v1/commands?state=running");
  expect(run.stdout()).toContain("running, of 10 min; how far it is is not known right now");
});

test("one command: what, how far, what for, whose", async () => {
  const agent = await start(() => undefined, { "GET /v1/commands/cmd_1": answers(running) });
  const run = cli(["commands", "cmd_1"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe(
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
  const run = cli(["commands", "cmd_1", "--follow"], agent);
  expect(await run.exits()).toBe(1);
  expect(run.stdout()).toBe("[10 characters not shown]\none\ntwo \\u{1b}[1A\n");
  expect(run.stderr()).toBe(
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
  const run = cli(["commands", "cmd_1", "--output"], agent);
  expect(await run.exits()).toBe(0);
  expect(run.stdout()).toBe("Grüße\\u{1b}c\n");
  expect(run.stderr()).toBe("The 1.5 kB after that were not kept.\nIt is still running.\n");
});

test("cancel and extend say what holds now; a time that is none is refused before anybody is asked", async () => {
  const agent = await start(() => undefined, {
    "POST /v1/commands/cmd_1/cancel": answers(running),
    "POST /v1/commands/cmd_1/extend": answers({ ...running, wall_ms: 6_000_000 }),
  });
  const [cancel, extend, wrong] = [
    cli(["commands", "cancel", "cmd_1", "--json"], agent),
    cli(["commands", "extend", "cmd_1", "1h30m"], agent),
    cli(["commands", "extend", "cmd_1", "10"], agent),
  ];
  expect(await cancel.exits()).toBe(0);
  expect(JSON.parse(cancel.stdout())).toMatchObject({ id: "cmd_1" });
  expect(await extend.exits()).toBe(0);
  expect(extend.stdout()).toBe("Its time is up 1 h 40 min after it began.\n");
  expect(agent.server.to("POST /v1/commands/cmd_1/extend").map(({ body }) => body)).toEqual([
    { for_s: 5_400 },
  ]);
  expect(await wrong.exits()).toBe(2);
  expect(wrong.stderr()).toContain("write 90s, 10m or 1h30m");
});
