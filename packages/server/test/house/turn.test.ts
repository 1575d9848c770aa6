import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isJournalEvent } from "@mainstay/sdk/events";
import { afterEach, expect, test } from "vitest";
import type { Tool } from "../../src/tools/tools.ts";
import { calls, type House, type HouseOptions, openHouse, says } from "./house.ts";

let house: House;
const open = async (options: HouseOptions) => (house = await openHouse(options));
afterEach(() => house.close());

test("a text turn is answered by the model, and says by which", async () => {
  await open({ script: [says("Blue.")] });
  const turn = await house.ask("What colour is the sky?");
  expect(turn).toMatchObject({
    state: "done",
    answer: "Blue.",
    mode: "full",
    provider: "fake-1",
    model: "fake-model-1",
    error: null,
  });
  expect(turn.usage.output_tokens).toBeGreaterThan(0);
});

test("tools do real work, and each shows its intent before it runs", async () => {
  await open({
    script: [
      calls("write_file", { intent: "make a note", path: "note.txt", content: "one\n" }),
      calls("edit_file", { intent: "mend it", path: "note.txt", old_text: "one", new_text: "two" }),
      calls("read_file", { intent: "look again", path: "note.txt" }),
      calls("list_files", { intent: "look around" }),
      calls("search", { intent: "find it", pattern: "tw." }),
      calls("shell", { intent: "count", command: "wc -l note.txt" }),
      says("Done."),
    ],
  });
  const turn = await house.ask("work");
  expect(turn).toMatchObject({ state: "done", answer: "Done." });
  const events = await house.journal(turn.id);
  const started = events.filter((event) => event.type === "tool_started");
  const ended = events.filter((event) => event.type === "tool_ended");
  expect(started.map((event) => event.intent)).toEqual([
    "make a note",
    "mend it",
    "look again",
    "look around",
    "find it",
    "count",
  ]);
  expect(ended.map((event) => event.outcome)).toEqual(Array(6).fill("ok"));
  for (const [i, event] of ended.entries()) expect(started[i]!.seq).toBeLessThan(event.seq);
  expect(ended[2]!.result).toContain("two");
  expect(ended[4]!.result).toContain("note.txt:1: two");
  expect(ended[5]!.result).toContain("1 note.txt");
  expect(turn.edits.map((edit) => edit.path)).toEqual(["note.txt", "note.txt"]);
  expect(turn.commands).toMatchObject([{ outcome: "exited", exit_code: 0, verdict: "safe" }]);
  expect(turn.commands[0]!.executed_digest).toBe(turn.commands[0]!.planned_digest);
});

test("a command that changes things waits for a person, runs once approved, and the turn goes on", async () => {
  await open({
    script: [calls("shell", { intent: "make it", command: "echo made > made.txt" }), says("Made.")],
  });
  const asked = await house.ask("make it");
  expect(asked.state).toBe("awaiting_approval");
  const [approval] = (await house.client.approvals.list()).items;
  expect(approval).toMatchObject({ command: "echo made > made.txt", intent: "make it" });
  await house.client.approvals.decide(approval!.id, "approve");
  await house.until(asked.id, (event) => event.type === "settled");
  const turn = await house.client.turns.get(asked.id);
  expect(turn).toMatchObject({ state: "done", answer: "Made." });
  const resumed = (await house.journal(asked.id)).filter(({ type }) => type === "resumed");
  expect(resumed).toMatchObject([{ after: "approval" }]);
  expect((await house.client.approvals.list()).items).toEqual([]);
  expect(await house.client.approvals.get(approval!.id)).toMatchObject({ state: "approved" });
  await expect(house.client.approvals.get("apr_none")).rejects.toMatchObject({
    problem: { code: "not_found" },
  });
  expect(turn.commands).toMatchObject([{ agreed_by: "owner", verdict: "ask", exit_code: 0 }]);
  const [workspace] = (await house.client.workspaces.list()).items;
  expect(await readFile(join(workspace!.path, "made.txt"), "utf8")).toBe("made\n");
});

test("a denied command does not run and the model is told", async () => {
  await open({ script: [calls("shell", { command: "touch never" }), says("As you wish.")] });
  const asked = await house.ask("do it");
  await house.client.approvals.decide(asked.approvals[0]!, "deny");
  await house.until(asked.id, (event) => event.type === "settled");
  const turn = await house.client.turns.get(asked.id);
  expect(turn).toMatchObject({ state: "done", commands: [] });
  const last = house.model.requests.at(-1)!.messages.at(-1)!;
  expect(last).toMatchObject({ role: "tool", content: expect.stringContaining("Denied by owner") });
});

test("where nobody could answer nobody denied it: the model, the approval and the journal say so", async () => {
  await open({ script: [calls("shell", { command: "touch never" }), says("As you wish.")] });
  const asked = await house.ask("do it");
  const { approvals } = house.client;
  const decided = await approvals.decide(asked.approvals[0]!, "deny", { because: "no_terminal" });
  expect(decided).toMatchObject({
    ...{ state: "denied", because: "no_terminal" },
    decided_by: "nobody (asked where nobody could answer)",
  });
  await house.until(asked.id, (event) => event.type === "settled");
  const last = house.model.requests.at(-1)!.messages.at(-1)!;
  expect(last.content).toMatch(/^Not answered: it was asked where nobody could answer, and nobody/);
  const events = await house.journal(asked.id);
  expect(events.find(({ type }) => type === "approval_decided")).toMatchObject({
    because: "no_terminal",
  });
});

test("an approval waits through a restart of the server", async () => {
  await open({ script: [calls("shell", { command: "touch later" }), says("Later came.")] });
  const asked = await house.ask("do it");
  await house.restart();
  await house.client.approvals.decide(asked.approvals[0]!, "approve");
  await house.until(asked.id, (event) => event.type === "settled");
  expect(await house.client.turns.get(asked.id)).toMatchObject({
    state: "done",
    answer: "Later came.",
    commands: [{ outcome: "exited", exit_code: 0 }],
  });
});

test("of two hundred decisions on one approval one counts, and the command runs once", async () => {
  await open({ script: [calls("shell", { command: "echo x >> once.txt" }), says("ok")] });
  const asked = await house.ask("do it");
  const tries = await Promise.allSettled(
    Array.from({ length: 200 }, () =>
      house.client.approvals.decide(asked.approvals[0]!, "approve"),
    ),
  );
  expect(tries.filter((each) => each.status === "fulfilled")).toHaveLength(1);
  await house.until(asked.id, (event) => event.type === "settled");
  const [workspace] = (await house.client.workspaces.list()).items;
  expect(await readFile(join(workspace!.path, "once.txt"), "utf8")).toBe("x\n");
});

test("what a model gets wrong in a call comes back to it as a precise error", async () => {
  await open({
    script: [
      calls("no_such_tool", { intent: "hm" }),
      calls("no_such_tool", { intent: "hm" }),
      calls("read_file", "{not json"),
      calls("read_file", { intent: "x", path: 7 }),
      calls("read_file", { intent: "x", path: "../../etc/passwd" }),
      says("I could not."),
    ],
  });
  const turn = await house.ask("go");
  const results = (await house.journal(turn.id)).filter((event) => event.type === "tool_ended");
  expect(results.map((event) => event.outcome)).toEqual(["error", "error", "error", "error"]);
  expect(results[0]!.result).toMatch(/no tool "no_such_tool".*read_file/);
  expect(results[1]!.result).toMatch(/JSON object/);
  expect(results[2]!.result).toMatch(/path.*string/);
  expect(results[3]!.result).toMatch(/workspace/);
});

test("an answer that only promises gets one nudge, an empty one too, and no answer is ever empty", async () => {
  await open({
    script: [
      says("I will look at the file now."),
      says("It says two."),
      ...Array.from({ length: 4 }, () => ({ empty: true }) as const),
    ],
  });
  const promised = await house.ask("what does it say?");
  expect(promised.answer).toBe("It says two.");
  const nudge = (await house.journal(promised.id)).find((event) => event.type === "nudged");
  expect(nudge).toMatchObject({ reason: "promise" });
  const empty = await house.ask("and now?");
  expect(empty).toMatchObject({ state: "failed", error: { code: "empty_answer" } });
  expect(empty.answer).toMatch(/no answer, twice/);
});

test("cancelling stops the running command's tree and says what stands", async () => {
  await open({
    script: [
      calls("write_file", { path: "kept.txt", content: "kept" }),
      calls("shell", { command: "sleep 300 & echo going; sleep 300" }),
    ],
  });
  const asked = await house.client.turns.create({ message: "go" });
  await house.until(asked.id, (event) => event.type === "approval_requested");
  const [approval] = (await house.client.approvals.list()).items;
  await house.client.approvals.decide(approval!.id, "approve");
  await house.until(asked.id, (event) => event.type === "output");
  await house.client.turns.cancel(asked.id);
  await house.until(asked.id, (event) => event.type === "settled");
  const turn = await house.client.turns.get(asked.id);
  expect(turn).toMatchObject({ state: "cancelled", commands: [{ cancelled: true }] });
  expect(turn.answer).toMatch(/1 file edit/);
  await expect(house.client.turns.cancel(asked.id)).rejects.toMatchObject({
    problem: { code: "turn_settled" },
  });
});

test("cancelling a turn that waits for the model aborts the call upstream", async () => {
  const gate = new Promise<void>(() => {});
  await open({ script: [{ text: "never", gate }] });
  const asked = await house.client.turns.create({ message: "go" });
  await house.model.waitForRequest(1);
  await house.client.turns.cancel(asked.id);
  await house.model.waitForHangUp(1);
  await house.until(asked.id, (event) => event.type === "settled");
  expect(await house.client.turns.get(asked.id)).toMatchObject({ state: "cancelled" });
});

test("when no model answers the turn parks with an honest answer; retry finishes it", async () => {
  await open({
    script: (_, n) =>
      n <= 2 ? { status: 503, body: { error: { message: "down" } } } : says("Back."),
  });
  const parked = await house.ask("hello?");
  expect(parked).toMatchObject({ state: "parked", settled_at: null });
  expect(parked.answer).toMatch(/^No model could answer\. .*\n- fake-1: it /);
  await house.client.turns.retry(parked.id);
  await house.until(parked.id, (event) => event.type === "settled");
  expect(await house.client.turns.get(parked.id)).toMatchObject({ state: "done", answer: "Back." });
});

test("a parked turn's answer can be accepted, and cancelled ones stay cancelled", async () => {
  await open({ script: () => ({ status: 401, body: { error: { message: "no" } } }) });
  const first = await house.ask("one");
  await house.client.turns.accept(first.id);
  expect(await house.client.turns.get(first.id)).toMatchObject({ state: "done", mode: "offline" });
  const second = await house.ask("two");
  await house.client.turns.cancel(second.id);
  await house.until(second.id, (event) => event.type === "settled");
  expect(await house.client.turns.get(second.id)).toMatchObject({ state: "cancelled" });
  await expect(house.client.turns.retry(second.id)).rejects.toMatchObject({
    problem: { code: "turn_not_parked" },
  });
});

test("a stream that is cut after its first words restarts the step; the text is never doubled", async () => {
  await open({
    script: [
      { text: "The answer is forty-two.", chunk_size: 4, cut_after_chunks: 3 },
      { text: "The answer is forty-two.", chunk_size: 4 },
    ],
  });
  const turn = await house.ask("what?");
  expect(turn.answer).toBe("The answer is forty-two.");
  const types = (await house.journal(turn.id)).map((event) => event.type);
  expect(types).toContain("step_restarted");
});

test("a stream without a finish reason is no success", async () => {
  await open({ script: [{ text: "half", finish_reason: null }, says("whole")] });
  expect((await house.ask("what?")).answer).toBe("whole");
});

test("twenty prompts at once into one session: twenty answers of their own, in order", async () => {
  await open({
    script: (request) => says(`answer to ${request.messages.at(-1)!.content as string}`),
  });
  const first = await house.ask("zero");
  const prompts = Array.from({ length: 20 }, (_, i) => `prompt ${i}`);
  const turns = await Promise.all(
    prompts.map((message) => house.ask(message, { session_id: first.session_id })),
  );
  expect(turns.map((turn) => turn.answer)).toEqual(prompts.map((p) => `answer to ${p}`));
  const settled = turns.toSorted((a, b) => a.settled_at!.localeCompare(b.settled_at!));
  const accepted = turns.toSorted((a, b) => a.created_at.localeCompare(b.created_at));
  expect(new Set(turns.map((turn) => turn.id)).size).toBe(20);
  expect(settled.map((turn) => turn.created_at)).toEqual(accepted.map((turn) => turn.created_at));
});

test("fifty parallel posts with one key make one turn; another body with that key is refused", async () => {
  await open({ script: () => says("once") });
  const body = { message: "only once" };
  const turns = await Promise.all(
    Array.from({ length: 50 }, () => house.client.turns.create(body, { idempotency_key: "k" })),
  );
  expect(new Set(turns.map((turn) => turn.id)).size).toBe(1);
  expect((await house.client.turns.list()).items).toHaveLength(1);
  await expect(
    house.client.turns.create({ message: "other" }, { idempotency_key: "k" }),
  ).rejects.toMatchObject({ problem: { code: "idempotency_conflict", status: 409 } });
});

test("a command that the person typed goes through the gate and no model is asked", async () => {
  await open({ script: [] });
  const asked = await house.ask("!echo typed > typed.txt");
  expect(asked.state).toBe("awaiting_approval");
  await house.client.approvals.decide(asked.approvals[0]!, "approve");
  await house.until(asked.id, (event) => event.type === "settled");
  const turn = await house.client.turns.get(asked.id);
  expect(turn).toMatchObject({ state: "done", mode: "offline", commands: [{ exit_code: 0 }] });
  expect(turn.answer).toMatch(/run without a model/);
  expect(house.model.requests).toEqual([]);
});

/** A tool that is at work until it is aborted, and then throws as the contract of tools allows. */
const endless = (tool: Tool): Tool => ({
  ...tool,
  prepare: () =>
    Promise.resolve({
      kind: "ready",
      effect: { kind: "none" },
      execute: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    }),
});

test("cancelling a tool that throws when it is aborted ends the turn; it does not turn in circles", async () => {
  const tools = (all: readonly Tool[]) =>
    all.map((tool) => (tool.name === "search" ? endless(tool) : tool));
  await open({ script: [calls("search", { pattern: "x" }), says("never")], overrides: { tools } });
  const asked = await house.client.turns.create({ message: "find it" });
  await house.until(asked.id, (event) => event.type === "tool_started");
  await house.client.turns.cancel(asked.id);
  await house.until(asked.id, (event) => event.type === "settled");
  expect(await house.client.turns.get(asked.id)).toMatchObject({ state: "cancelled" });
  const ends = (await house.journal(asked.id)).filter((event) => event.type === "tool_ended");
  expect(ends).toMatchObject([{ outcome: "cancelled" }]);
});

test("a cancel that comes before a question is not lost to the question", async () => {
  const two = [
    { name: "shell", arguments: { command: "cat" } },
    { name: "shell", arguments: { command: "touch never" } },
  ];
  await open({ script: [{ tool_calls: two }, says("never")] });
  const asked = await house.client.turns.create({ message: "go" });
  await house.until(asked.id, (event) => event.type === "tool_started");
  await house.client.turns.cancel(asked.id);
  const end = await house.until(
    asked.id,
    (event) => event.type === "settled" || event.type === "approval_requested",
  );
  expect(end).toMatchObject({ type: "settled", state: "cancelled" });
});

test("one consent is for one call, also where a model gives every call the same id", async () => {
  const again = {
    tool_calls: [{ id: "call_0", name: "shell", arguments: { command: "echo x >> log.txt" } }],
  };
  await open({ script: [again, again, says("done")] });
  const asked = await house.ask("go");
  await house.client.approvals.decide(asked.approvals[0]!, "approve");
  await house.until(
    asked.id,
    (event) => event.type === "approval_requested" && event.approval_id !== asked.approvals[0],
  );
  const turn = await house.client.turns.get(asked.id);
  expect(turn).toMatchObject({ state: "awaiting_approval", commands: [{ exit_code: 0 }] });
});

test("a cancelled turn asks nobody any more, and a parked one is cancelled at once", async () => {
  await open({
    script: (_, n) =>
      n === 1 ? calls("shell", { command: "touch x" }) : { status: 401, body: { error: {} } },
  });
  const asked = await house.ask("go");
  const parked = await house.ask("and this?");
  expect(parked.state).toBe("parked");
  await house.client.turns.cancel(asked.id);
  await house.client.turns.cancel(parked.id);
  for (const { id } of [asked, parked])
    expect(await house.client.turns.get(id)).toMatchObject({ state: "cancelled" });
  expect((await house.client.approvals.list()).items).toEqual([]);
  await expect(house.client.approvals.decide(asked.approvals[0]!, "approve")).rejects.toMatchObject(
    { problem: { code: "approval_decided" } },
  );
});

test("a session remembers what was said before", async () => {
  await open({ script: [says("Noted."), says("Ada.")] });
  const first = await house.ask("My name is Ada.");
  await house.ask("What is my name?", { session_id: first.session_id });
  const said = house.model.requests[1]!.messages.map((message) => message.content);
  expect(said).toContain("My name is Ada.");
  expect(said).toContain("Noted.");
});

test("live text arrives as it is spoken, and a late client gets a snapshot of it", async () => {
  await open({
    script: [{ text: "one two three four", chunk_size: 4, stall_after_chunks: 2 }],
  });
  const asked = await house.client.turns.create({ message: "count" });
  // Both words are out: as they were spoken, or, where the client came later, in its snapshot.
  await house.until(
    asked.id,
    (event) =>
      (event.type === "delta" && event.offset === 3) ||
      (event.type === "snapshot" && event.text === "one two"),
  );
  const snapshot = await house.until(asked.id, (event) => event.type === "snapshot");
  expect(snapshot).toMatchObject({ step: 1, text: "one two" });
  await house.client.turns.cancel(asked.id);
  const events = await house.journal(asked.id);
  expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.every(isJournalEvent)).toBe(true);
});
