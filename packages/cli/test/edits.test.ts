/** Edits on the command line: looked at, taken back, and files that an answer only shows. */
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import type { Workspace } from "@mainstay/sdk/resources";
import { expect, test } from "vitest";
import { answers, type Handler, inTurn, refuses } from "../../sdk/test/scripted-server.ts";
import { runHere } from "./run-here.ts";
import { type ScriptedAgent, turn } from "./scripted-agent.ts";
import { cli, folder, start, useScriptedRuns } from "./scripted-runs.ts";
import { diff, impossible, offer, standing, undo } from "./some-edits.ts";

useScriptedRuns();

const silent = () => undefined;
const list = (items: unknown[], next: string | null = null): Handler => answers({ items, next });
const bodies = (agent: ScriptedAgent, route: string) =>
  agent.server.to(route).map(({ body }) => body);

const place = (rest: Partial<Workspace> = {}): Workspace => ({
  ...{ id: "ws_1", path: folder, private: false, trusted: false, created_at: "" },
  ...rest,
});

test("the list has a row for each edit, and says which of them stand", async () => {
  const agent = await start(silent, {
    "GET /v1/edits": list(
      [
        standing,
        { ...standing, intent: "", undone_by: "edit_9" },
        { ...standing, files: standing.files.slice(0, 1), state: "torn", fault: "a.ts is\nnew" },
      ],
      "older",
    ),
  });
  agent.workspaces.push(place());
  const { code, out, err } = await runHere(
    [
      ...["edits", "--turn", "turn_1", "--session", "ses_1", "--standing"],
      ...["--workspace", "ws_1", "--after", "newer"],
    ],
    agent,
  );
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    "edit_1  2026-01-01 00:00 UTC  src/a.ts, old.md and 2 more: fix\\u{1b}[2J it — stands",
    "edit_1  2026-01-01 00:00 UTC  src/a.ts, old.md and 2 more — taken back by edit_9",
    "edit_1  2026-01-01 00:00 UTC  src/a.ts: fix\\u{1b}[2J it — TORN: a.ts is new",
    "",
  ]);
  expect(err).toBe("There are older ones: the same with --after older\n");
  expect(agent.server.to("GET /v1/edits").at(-1)?.path).toBe(
    "/v1/edits?turn_id=turn_1&session_id=ses_1&workspace_id=ws_1&standing=true&after=newer",
  );
});

test.for([
  ["--turn", "GET /v1/turns/turn_nope", "turn_nope"],
  ["--session", "GET /v1/sessions/ses_nope", "ses_nope"],
  ["--workspace", "GET /v1/workspaces/ws_nope/network", "ws_nope"],
] as const)(
  "that %s names nobody is told, where the list is empty",
  async ([option, route, id]) => {
    const detail = "There is no such one of yours.";
    const agent = await start(silent, {
      [route]: refuses({ status: 404, code: "not_found", title: "Not found", detail }),
    });
    const found = await runHere(["edits", option, id], agent);
    expect(found).toEqual({ code: 1, out: "", err: `Not found: ${detail}\n` });
  },
);

test("the list names the folder where it is not this one; of one edit it is always named", async () => {
  const agent = await start(silent, {
    "GET /v1/edits": list([standing, { ...standing, workspace_id: "ws_2" }]),
    "GET /v1/edits/edit_1": answers(standing),
    "GET /v1/edits/edit_1/diff": answers({ diff: "", gaps: [] }),
  });
  agent.workspaces.push(place(), place({ id: "ws_2", path: "/other\nplace" }));
  const [here, there] = (await runHere(["edits"], agent)).out.split("\n");
  expect(here).toContain("src/a.ts, old.md and 2 more: fix");
  expect(there).toContain("src/a.ts, old.md and 2 more in /other\\u{a}place: fix");
  expect((await runHere(["edits", "edit_1"], agent)).out).toContain(`\nin      ${folder}\n`);
});

test("one edit: what for, whose doing, each file, and its diff, in which nothing can mislead", async () => {
  const gaps = ["what new.md held is no longer kept"];
  const agent = await start(silent, {
    "GET /v1/edits/edit_1": answers(standing),
    "GET /v1/edits/edit_1/diff": answers({ diff, gaps }),
  });
  const { code, out } = await runHere(["edits", "edit_1"], agent);
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    "for     fix\\u{1b}[2J it",
    "state   stands",
    "by      the agent, in turn_1, 2026-01-01 00:00 UTC",
    "in      ws_1",
    "file    modified  src/a.ts (12 bytes)",
    "file    moved     old.md to new.md",
    "file    deleted   gone\\u{a}.md",
    "",
    ...diff.replace("\u001b", "\\u{1b}").split("\n"),
    "! what new.md held is no longer kept",
    "",
  ]);
  const json = await runHere(["edits", "edit_1", "--json"], agent);
  expect(JSON.parse(json.out)).toEqual({ ...standing, diff, gaps });
});

test("undo of an edit, a turn, a session: what it took back, and how to have it again", async () => {
  const agent = await start(silent, {
    "POST /v1/edits/edit_1/undo": answers(undo),
    "POST /v1/turns/turn_1/undo": answers({ ...undo, undoes: ["edit_2", "edit_1"] }),
    "POST /v1/sessions/ses_1/undo": answers({ ...undo, fault: "the disk did not confirm it" }),
  });
  const one = await runHere(["undo", "edit_1"], agent);
  expect(one).toEqual({
    code: 0,
    out: [
      "Took back edit_1",
      "  modified  src/a.ts (10 bytes)",
      "  deleted   new.md",
      "  created   old.md (3 bytes)",
      "",
    ].join("\n"),
    err: "To have it again: mainstay undo edit_9\n",
  });
  const of_turn = await runHere(["undo", "--turn", "turn_1"], agent);
  expect(of_turn.out).toContain("Took back 2 edits\n");
  const of_session = await runHere(["undo", "--session", "ses_1"], agent);
  expect(of_session).toMatchObject({
    code: 0,
    err: expect.stringContaining("the disk did not confirm it\n"),
  });
});

test("what commands of the turn changed is told after its undo", async () => {
  const changed = (path: string) => ({
    ...{ path, kind: "file", before: null, after: { sha256: null, size_bytes: 1, mode: null } },
  });
  const changes = { incomplete: null, not_entered: [], overlapped: false };
  const of_command = {
    ...{ step: 1, call_id: "c", by: "command", what: "make" },
    changes: { ...changes, files: [changed("b.o"), changed("a\n.o")], more: 3 },
  };
  const of_edit = { ...of_command, by: "edit", changes: { ...changes, files: [], more: 0 } };
  const agent = await start(silent, {
    "POST /v1/turns/turn_1/undo": answers(undo),
    "GET /v1/turns/turn_1/changes": inTurn(
      answers({ files: [], more: 0, not_entered: [], gaps: [], sources: [of_edit, of_command] }),
      answers({ files: [], more: 0, not_entered: [], gaps: [], sources: [of_edit] }),
    ),
  });
  const { code, err } = await runHere(["undo", "--turn", "turn_1"], agent);
  expect(code).toBe(0);
  expect(err).toContain(
    "Commands of this turn changed 5 files; those are not taken back: b.o, a\\u{a}.o and 3 more\n",
  );
  expect((await runHere(["undo", "--turn", "turn_1"], agent)).err).not.toContain("Commands");
});

test("of an undo whose server went away meanwhile it is said that it may have been done", async () => {
  const agent = await start(silent, {
    "POST /v1/turns/turn_1/undo": (_, response) => void response.destroy(),
  });
  const { code, err } = await runHere(["undo", "--turn", "turn_1"], agent);
  expect(code).toBe(4);
  expect(err).toContain(
    "If the undo was begun, it is done or comes to nothing, whole, at the latest",
  );
  expect(err).toContain("  mainstay edits\n");
});

test("undo alone is of the last edit of mine that stands here, past others' edits", async () => {
  const agent = await start(silent, {
    "GET /v1/edits": inTurn(
      list([{ ...standing, id: "edit_7", person_id: "usr_2" }], "older"),
      list([standing]),
      list([]),
    ),
    "POST /v1/edits/edit_1/undo": answers(undo),
  });
  agent.workspaces.push(place());
  expect(await runHere(["undo"], agent)).toMatchObject({ code: 0 });
  expect(agent.server.to("GET /v1/edits").map(({ path }) => path)).toEqual([
    "/v1/edits?workspace_id=ws_1&standing=true",
    "/v1/edits?workspace_id=ws_1&standing=true&after=older",
  ]);
  const none = await runHere(["undo", "--workspace", "ws_1"], agent);
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining("No edit of yours stands") });
});

test("what came later is shown and kept, with the ways out", async () => {
  const detail = "src/a.ts was changed since, by edit_4:\n-as it was\n+as it is";
  const agent = await start(silent, {
    "POST /v1/edits/edit_1/undo": refuses({ status: 409, code: "edit_conflict", detail }),
    "POST /v1/edits/edit_2/undo": answers({ ...undo, state: "untouched", fault: "disk full" }),
  });
  const { code, out, err } = await runHere(["undo", "edit_1"], agent);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(`${detail}\n`);
  expect(err).toContain("Nothing was taken back.");
  expect(err).toContain("  mainstay edits edit_1\n");
  const full = await runHere(["undo", "edit_2"], agent);
  expect(full).toMatchObject({ code: 1, out: "", err: expect.stringContaining("disk full") });
});

test.for(["edit_refused", "undo_too_large"] as const)(
  "an undo that is refused by %s is not told as a change of somebody's",
  async (code) => {
    const detail = "take back edit by edit, or turn by turn";
    const agent = await start(silent, {
      "POST /v1/edits/edit_1/undo": refuses({ status: 422, code, title: "It is too much", detail }),
    });
    const { err } = await runHere(["undo", "edit_1"], agent);
    expect(err).toBe(`It is too much: ${detail}\n`);
  },
);

test("of an undo without a name that is in the way of others it is said how to reach the one before", async () => {
  const agent = await start(silent, {
    "GET /v1/edits": inTurn(
      list([standing, { ...standing, id: "edit_7", person_id: "usr_2" }], "older"),
      list([{ ...standing, id: "edit_0" }]),
    ),
    "POST /v1/edits/edit_1/undo": refuses({ status: 409, code: "edit_conflict", detail: "no" }),
  });
  agent.workspaces.push(place());
  const { code, err } = await runHere(["undo"], agent);
  expect(code).toBe(1);
  expect(err).toContain("The one before it:\n  mainstay undo edit_0\n");
});

test("the lines of a status say which edits were taken back", async () => {
  const edits = ["one.txt", "two.txt"].map((path, at) => ({
    ...{ id: `edit_${at}`, call_id: "c", path, before_sha256: null, after_sha256: null },
  }));
  const agent = await start(({ settle }) => settle("That stands."), {
    "GET /v1/turns/turn_1": answers({ ...turn, state: "done", answer: "That stands.", edits }),
    "GET /v1/edits": list([
      { ...standing, id: "edit_0", undone_by: "edit_9" },
      { ...standing, id: "edit_1" },
    ]),
  });
  const { out } = await runHere(["status", "turn_1"], agent);
  expect(out).toContain("edit      one.txt (taken back by edit_9)\nedit      two.txt\n");
});

test("what a refusal says is said once, whatever it names between", async () => {
  const agent = await start(silent, {
    "POST /v1/edits/edit_1/undo": refuses({
      ...{ status: 409, code: "edit_not_standing", title: "The edit does not stand" },
      detail: "edit_1 does not stand: it was taken back by edit_2.",
    }),
  });
  const { err } = await runHere(["undo", "edit_1"], agent);
  expect(err).toBe("edit_1 does not stand: it was taken back by edit_2.\n");
});

test.for([
  [["undo", "edit_1", "--turn", "turn_1"], "named already"],
  [["undo", "--turn", "turn_1", "--session", "ses_1"], "cannot be used with"],
  [["undo", ""], "Which edits?"],
  [["undo"], "lies in no folder"],
  [["undo", "--workspace", ""], "Which workspace?"],
  [["undo", "--workspace", "/nope"], "/nope is no folder that Mainstay may work in"],
  [["edits", "--workspace", " "], "Which workspace?"],
  [["edits", "--workspace", "/nope"], "/nope is no folder that Mainstay may work in"],
  [["edits", "edit_1", "--standing"], "for the list of edits"],
  [["edits", "edit_1", "--after", "older"], "for the list of edits"],
  [["apply", "turn_1", "--offer", "0"], "write its number"],
  [["apply", ""], "No turn is named"],
] as const)("wrong usage %j is told, and nothing is asked to change", async ([args, said]) => {
  const agent = await start(silent);
  const { code, err } = await runHere([...args], agent);
  expect(code).toBe(2);
  expect(err).toContain(said);
  expect(agent.server.requests.filter(({ method }) => method === "POST")).toEqual([]);
});

const offering = {
  "GET /v1/turns/turn_1/offers": list([offer, impossible]),
  "POST /v1/turns/turn_1/offers/1": answers({ ...standing, origin: "offer" }),
};

test("apply shows what an answer offers and writes nothing; --offer writes what was shown", async () => {
  const agent = await start(silent, offering);
  const shown = await runHere(["apply", "turn_1"], agent);
  expect(shown.code).toBe(0);
  expect(shown.out).toContain("1  src/a.ts\n--- src/a.ts\n");
  expect(shown.err).toContain("../b.ts cannot be written: it leads outside\n");
  expect(bodies(agent, "POST /v1/turns/turn_1/offers/1")).toEqual([]);

  const taken = await runHere(["apply", "turn_1", "--offer", "1"], agent);
  expect(taken).toMatchObject({ code: 0, err: "To take it back: mainstay undo edit_1\n" });
  expect(taken.out).toContain("1  src/a.ts\n--- src/a.ts\n");
  expect(bodies(agent, "POST /v1/turns/turn_1/offers/1")).toEqual([{ sha256: offer.sha256 }]);
  expect(await runHere(["apply", "turn_1", "--offer", "2"], agent)).toMatchObject({ code: 1 });
  expect(await runHere(["apply", "turn_1", "--offer", "3"], agent)).toMatchObject({ code: 2 });
});

test("of an offer that is no more it is said what was written of the answer already", async () => {
  const written = { ...standing, origin: "offer" };
  const agent = await start(silent, {
    "GET /v1/turns/turn_1/offers": list([]),
    "GET /v1/edits": list([{ ...standing, id: "edit_0" }, written]),
  });
  const { code, err } = await runHere(["apply", "turn_1", "--offer", "1"], agent);
  expect(code).toBe(2);
  expect(err).toContain(
    "There is no offer 1 left; written of this answer: src/a.ts, old.md and 2 more (edit_1)",
  );
});

test("on a terminal each offer that can be written is asked about", async () => {
  const agent = await start(silent, offering);
  const run = cli(["apply", "turn_1"], agent, { terminal: true });
  await run.sees("Write src/a.ts? [y]es  [n]o > ");
  run.types("what\r");
  await run.sees("Please type y or n.");
  await run.sees("> ");
  run.types("y\r");
  await run.sees("To take it back: mainstay undo edit_1");
  expect(await run.exits()).toBe(1);
  expect(bodies(agent, "POST /v1/turns/turn_1/offers/1")).toEqual([{ sha256: offer.sha256 }]);
});

test("what one offer cannot do keeps no other from being asked about, as it is by then", async () => {
  const cut = { ...offer, number: 3, path: "c", hidden_lines: 120 };
  const agent = await start(silent, {
    "GET /v1/turns/turn_1/offers": inTurn(
      list([offer, { ...offer, number: 2, path: "b" }, { ...cut, sha256: "d".repeat(64) }]),
      list([cut]),
    ),
    "POST /v1/turns/turn_1/offers/1": refuses({
      ...{ status: 409, code: "edit_conflict", title: "The files were changed since" },
      detail: "a.ts was changed:\n@@ -1 +1 @@\n-a\n+b\r+forged",
    }),
    "POST /v1/turns/turn_1/offers/3": answers({ ...standing, origin: "offer" }),
  });
  const run = cli(["apply", "turn_1"], agent, { terminal: true });
  await run.sees("Write src/a.ts? [y]es  [n]o > ");
  run.types("y\r");
  await run.sees("+b\\u{d}+forged");
  await run.sees("b is so already");
  await run.sees("Write c? 120 lines of its diff are not shown. [y]es  [n]o > ");
  run.types("y\r");
  await run.sees("To take it back: mainstay undo edit_1");
  expect(await run.exits()).toBe(1);
  expect(bodies(agent, "POST /v1/turns/turn_1/offers/3")).toEqual([{ sha256: cut.sha256 }]);
});

test("an offer that is torn was not written whole, and where to look is said", async () => {
  const torn = { ...standing, state: "torn", fault: "a.ts is new" };
  const agent = await start(silent, {
    ...offering,
    "POST /v1/turns/turn_1/offers/1": inTurn(
      answers(torn),
      answers({ ...torn, state: "untouched", fault: "the disk is full" }),
    ),
  });
  const take = () => runHere(["apply", "turn_1", "--offer", "1"], agent);
  expect(await take()).toMatchObject({
    code: 1,
    err: "It was not written whole; the edit is TORN: a.ts is new\nSee: mainstay edits edit_1\n",
  });
  expect((await take()).err).toBe("Nothing was written; the edit is not done: the disk is full\n");
});

const call = { step: 1, call_id: "call_1" };
const editing: JournalBody[] = [
  {
    ...{ type: "tool_started", ...call, tool: "edit_file", intent: "fix it" },
    effect: { kind: "edit", edit_id: "edit_1", files: standing.files },
  },
  {
    ...{ type: "tool_ended", ...call, outcome: "ok", command: null },
    result: `edited src/a.ts\n${diff}`,
  },
];
const ask = (agent: ScriptedAgent) => runHere(["ask", "--workspace", "ws_1", "hi"], agent);

test("people see the diff of an edit below its call, with nothing raw in it", async () => {
  const agent = await start(({ journal, settle }) => {
    journal(...editing);
    settle("Done.");
  });
  const { code, err } = await ask(agent);
  expect(code).toBe(0);
  expect(err).toContain(
    `› edit_file src/a.ts, old.md, new.md, gone\\u{a}.md — fix it\n  edited src/a.ts\n  --- src/a.ts\n`,
  );
  expect(err).toContain("  +++ two\\u{1b}[2J\n");
  expect(err).toContain("To take back what it edited: mainstay undo --turn turn_1\n");
});

test("a turn that edited nothing, or is read as JSON, offers no undo", async () => {
  const plain = await start(({ settle }) => settle("Done."));
  expect((await ask(plain)).err).not.toContain("take back");
  const editor = await start(({ journal, settle }) => {
    journal(...editing);
    settle("Done.");
  });
  const { err } = await runHere(["ask", "--json", "--workspace", "ws_1", "hi"], editor);
  expect(err).not.toContain("take back");
});

test("of an edit that is torn people read how each file stands", async () => {
  const [started] = editing;
  const result = "src/a.ts has the new content\nold.md is as it was";
  const torn = { type: "tool_ended", ...call, outcome: "unknown", result, command: null } as const;
  const agent = await start(({ journal, settle }) => {
    journal(started!, torn);
    settle("It is torn.");
  });
  const { err } = await ask(agent);
  expect(err).toContain("  src/a.ts has the new content\n  old.md is as it was\n");
});

test.for(["failed", "cancelled"] as const)(
  "a turn that is %s says which of its edits stand, and offers the undo",
  async (state) => {
    const agent = await start(({ settle }) => settle("It broke.", { state }), {
      "GET /v1/edits": list([standing, { ...standing, files: standing.files.slice(0, 1) }]),
      "POST /v1/turns/turn_1/cancel": answers({ ...turn, state: "cancelled" }),
    });
    const told =
      "2 edits of it stand: src/a.ts, old.md, new.md, gone\\u{a}.md\n  mainstay undo --turn turn_1\n";
    expect((await ask(agent)).err).toContain(told);
    expect((await runHere(["status", "turn_1"], agent)).err).toContain(told);
    expect((await runHere(["cancel", "turn_1"], agent)).err).toContain(told);
    expect(agent.server.to("GET /v1/edits").at(-1)?.path).toBe(
      "/v1/edits?turn_id=turn_1&standing=true",
    );
  },
);

test("a turn that does not end in time when it is cancelled is not waited for; where to look is said", async () => {
  const agent = await start(silent, {
    "POST /v1/turns/turn_1/cancel": answers({ ...turn, state: "running" }),
    "GET /v1/turns/turn_1": answers({ ...turn, state: "running" }),
  });
  const after: Clock["after"] = (delay_ms, run) => {
    if (delay_ms !== 15_000) return systemClock.after(delay_ms, run);
    void agent.followed.then(run);
    return () => undefined;
  };
  expect(await runHere(["cancel", "turn_1"], agent, { ...systemClock, after })).toEqual({
    code: 0,
    out: "It is being cancelled.\n",
    err: "What it leaves is known when it has ended: mainstay status turn_1\n",
  });
});

test("a turn has ended as it did, also where nobody can say what it left", async () => {
  const agent = await start(({ settle }) => settle("```ts a.ts\n```"), {
    "GET /v1/turns/turn_1/offers": refuses({ status: 503, code: "storage_unavailable" }),
  });
  const { code, err } = await ask(agent);
  expect(code).toBe(0);
  expect(err).toContain("see: mainstay apply turn_1\n");
});

test("files that an answer shows and nobody wrote are named; an answer without code asks nobody", async () => {
  const showing = await start(({ settle }) => settle("```ts src/a.ts\n1\n```"), offering);
  const { err } = await ask(showing);
  expect(err).toContain("Shown and not written: src/a.ts.");
  expect(err).toContain("  mainstay apply turn_1\n");
  const plain = await start(({ settle }) => settle("All is well."), offering);
  await ask(plain);
  expect(plain.server.to("GET /v1/turns/turn_1/offers")).toEqual([]);
});

test("why ends with what the turn changed, by edits and by commands", async () => {
  const [, , , gone] = standing.files;
  const agent = await start(({ settle }) => settle("Done."), {
    "GET /v1/turns/turn_1/changes": answers({
      files: [{ ...gone, kind: "file" }],
      ...{ more: 0, not_entered: [], gaps: ["npm test: others may have worked here"] },
      sources: [{ ...call, by: "command", what: "npm test", changes: null }],
    }),
  });
  agent.settle("Done.");
  const { out } = await runHere(["why", "turn_1"], agent);
  expect(out).toMatch(
    /Done\.\n\nWhat it changed, by its edits and its commands:\n  deleted   gone\\u\{a\}\.md\n  ! npm test: /,
  );
  expect((await runHere(["why", "turn_1", "--json"], agent)).out).not.toContain("What it changed");
});
