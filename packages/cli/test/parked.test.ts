/** A question that no model answered at first, as its person sees it go on. */
import type { ServerResponse } from "node:http";
import { systemClock } from "@mainstay/sdk/clock";
import type { JournalBody, JournalEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { answers, frame, type Handler, inTurn, refuses } from "../../sdk/test/scripted-server.ts";
import { never_parked, parkedText, withParking } from "../src/conversation/parked-time.ts";
import { runCli } from "./run-cli.ts";
import { runHere } from "./run-here.ts";
import { turn } from "./scripted-agent.ts";
import { cli, envOf, folder, runs, start, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

const parked: JournalBody = {
  ...{ type: "parked", answer: "No model.", cause: "503", waits_for: "model" },
};
const woken: JournalBody = { type: "retried", by: "groq answers again", after: "recovery" };
const wished: JournalBody = { type: "retried", by: "ada", after: "wish" };
const settled: JournalBody = {
  ...{ type: "settled", state: "done", answer: "Forty-two.", mode: "full" },
  ...{ provider: "groq", model: "llama", usage: turn.usage, error: null },
};

const MINUTE_MS = 60_000;
const at = (minute: number, seq: number, body: JournalBody): JournalEvent => ({
  ...{ seq, at: minute * MINUTE_MS },
  ...body,
});

test.each([
  [[at(0, 1, parked), at(3, 2, woken), at(4, 3, settled)], "3 min, then finished by itself"],
  [
    [at(0, 1, parked), at(1, 2, woken), at(2, 3, parked), at(4, 4, wished), at(5, 5, settled)],
    "3 min, then was retried by ada",
  ],
  [[at(0, 1, parked), at(2, 2, settled)], "2 min, then its answer was accepted"],
])("a turn that was parked tells for how long, and what came then (%#)", (events, text) => {
  expect(parkedText(events.reduce(withParking, never_parked))).toBe(`parked for ${text}`);
});

test("status of a parked turn says since when, what it waits for, and what can be done", async () => {
  const agent = await start(({ journal }) => journal(parked), {
    "GET /v1/turns/turn_1": answers({ ...turn, state: "parked", last_event: 1 }),
  });
  const { out } = await runHere(["status", "turn_1"], agent, {
    ...{ ...systemClock, now: () => 3 * MINUTE_MS },
  });
  expect(out.split("\n").slice(0, 5)).toEqual([
    "state     parked",
    "since     1970-01-01 00:00 UTC, for 3 min",
    expect.stringMatching(/^waits {5}for a model, and goes on by itself/),
    "retry     mainstay retry turn_1",
    "cancel    mainstay cancel turn_1",
  ]);
});

const streams =
  (...events: JournalEvent[]): Handler =>
  (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events.map(frame).join(""));
  };

test("a chat tells above its prompt how a parked question ended, also over a server that was away", async () => {
  const followed = Promise.withResolvers<ServerResponse>();
  const agent = await start(() => undefined, {
    "GET /v1/turns/turn_1/events": inTurn(
      streams(at(0, 1, parked)),
      (_, response) => void response.destroy(),
      (request, response) => {
        void streams()(request, response);
        followed.resolve(response);
      },
    ),
  });
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees("› ");
  run.types("what is it?\r");
  await run.sees("or here: /retry, /accept");
  const stream = await followed.promise;
  run.types("half a th");
  await run.sees("half a th");
  stream.end([at(3, 2, woken), at(4, 3, settled)].map(frame).join(""));
  await run.sees('Your earlier question "hi" is answered:');
  await run.sees("Forty-two.\r\n");
  await run.sees("— groq/llama");
  await run.sees("› half a th");
  run.types("\u0015/retry\r");
  await run.sees("Nothing is parked in this chat");
  run.types("/exit\r");
  expect(await run.exits()).toBe(0);
  const after = agent.server.to("GET /v1/turns/turn_1/events").map(({ headers }) => headers);
  expect(after.map((each) => each["last-event-id"])).toEqual(["0", "1", "1"]);
});

test("a chat that is begun again finds what is parked; /retry shows it once, and a refusal loses nothing", async () => {
  const waiting = { ...turn, state: "parked" as const, last_event: 1 };
  const tired: JournalBody = { ...parked, waits_for: "person" };
  const end = [at(3, 4, wished), at(4, 5, settled)].map(frame).join("");
  const beside: ServerResponse[] = [];
  const followed_again = Promise.withResolvers<void>();
  const agent = await start(() => undefined, {
    "GET /v1/turns": answers({ items: [waiting, { ...waiting, session_id: "s" }], next: null }),
    "GET /v1/turns/turn_1": answers({ ...waiting, last_event: 3 }),
    "POST /v1/turns/turn_1/retry": inTurn(
      refuses({ status: 403, code: "paused", title: "Paused" }),
      (request, response) => {
        beside.forEach((stream) => stream.end(end));
        return answers(turn, 202)(request, response);
      },
    ),
    "GET /v1/turns/turn_1/events": ({ path, headers }, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (!path.includes("watch")) return void response.end(end);
      if (beside.push(response) === 2) followed_again.resolve();
      const news = [at(1, 2, woken), at(2, 3, tired)];
      response.write(headers["last-event-id"] === "1" ? news.map(frame).join("") : ": hi\n\n");
    },
  });
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees('Your earlier question "hi" is parked: /retry');
  await run.sees("waits for your /retry; no model has answered it.");
  await run.sees("› ");
  run.types("/retry\r");
  await run.sees("Paused: Scripted.");
  await run.sees("› ");
  await followed_again.promise;
  run.types("/retry\r");
  await run.sees("Forty-two.");
  await run.sees("› ");
  run.types("/exit\r");
  expect(await run.exits()).toBe(0);
  expect(run.stdout().match(/Forty-two/g)).toHaveLength(1);
  const asked = agent.server.to("GET /v1/turns/turn_1/events").map(({ headers }) => headers);
  expect(asked.map((each) => each["last-event-id"])).toEqual(["1", "3", "3"]);
});

test("through a pipe a chat whose question parked ends with that code", async () => {
  const agent = await start(({ journal }) => journal(parked));
  const run = runCli(["chat", "--session", "ses_1"], { env: envOf(agent), cwd: folder });
  runs.push(run);
  run.types("one\n");
  run.closesInput();
  expect(await run.exits()).toBe(6);
});

test("what is asked next passes the parked question, and says so; /accept keeps its answer", async () => {
  const agent = await start(({ journal }) => journal(parked), {
    "POST /v1/turns/turn_1/accept": answers({ ...turn, state: "done" }),
  });
  const run = cli(["chat", "--session", "ses_1"], agent, { terminal: true });
  await run.sees("› ");
  run.types("one\r");
  await run.sees("or here: /retry, /accept");
  await run.sees("› ");
  run.types("two\r");
  await run.sees('"hi" waits for your /retry now: this one has passed it.');
  await run.sees("or here: /retry, /accept");
  await run.sees("› ");
  run.types("/accept\r");
  await run.sees("Its answer stands: mainstay status turn_1");
  run.types("/exit\r");
  expect(await run.exits()).toBe(0);
});
