/** What a recorded tool adds to its end, and what it keeps of it. */
import type { Changes } from "@mainstay/sdk/changes";
import type { CommandResult, Effect } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { z } from "zod";
import { Paused } from "../../src/kernel/errors.ts";
import { lackedIn, lackedLine } from "../../src/kernel/lacked.ts";
import type { Pause } from "../../src/kernel/pause.ts";
import { nobody, type Scene, type Tool, type ToolEnd } from "../../src/tools/tool.ts";
import { withChanges } from "../../src/tools/with-changes.ts";

const command: Effect = {
  ...{ kind: "command", command_id: "cmd_1", command: "make", verdict: "ask" },
  ...{ agreed_by: "ada", planned_digest: "0" },
};
const ran: CommandResult = {
  ...{ outcome: "exited", exit_code: 1, signal: null, timed_out: false, cancelled: false },
  ...{ duration_ms: 1, output_bytes: 0, output_sha256: null, executed_digest: null },
};
const changed: Changes = {
  files: [
    { path: "a", kind: "file", before: null, after: { sha256: null, size_bytes: 1, mode: 0 } },
  ],
  ...{ more: 0, not_entered: [], incomplete: null, overlapped: false },
};
const scene = { workspace: { path: "/w" } } as Scene;

function recorded(effect: Effect, execute: () => Promise<ToolEnd>) {
  const asked: string[] = [];
  const tool: Tool = {
    ...{ name: "shell", description: "", input: z.unknown(), describe: () => "" },
    prepare: async () => ({ kind: "ready", effect, execute }),
    recover: async () => ({ kind: "never_started" }),
  };
  const wrapped = withChanges(tool, {
    before: async (_id, _root, goes) => void asked.push(`before, ${goes}`),
    async since() {
      asked.push("since");
      return changed;
    },
    sinceItWentOn: async () => null,
    touched: () => void asked.push("touched"),
    forget: () => void asked.push("forget"),
    stop: async () => undefined,
  });
  const run = async () => {
    const prepared = await wrapped.prepare(null, scene);
    if (prepared.kind !== "ready") throw new Error("it is ready");
    return prepared.execute(new AbortController().signal, nobody);
  };
  return { asked, run };
}

test("what changed is told before the line by which a call is repeated, which stays the last", async () => {
  const lacked = { hosts: ["packages.example.org:443"], folders: [] };
  const result = ["failed", "[exit 1, 0.1 s]", lackedLine(lacked)].join("\n");
  const { run } = recorded(command, async () => ({ outcome: "error", result, command: ran }));
  const end = await run();
  expect(end.result.split("\n").slice(0, 3)).toEqual([
    "failed",
    "[exit 1, 0.1 s]",
    "[changed: a (new)]",
  ]);
  expect(lackedIn(end.result)).toEqual(lacked);
  expect(end.command!.changes).toEqual(changed);
});

test("what is noted is forgotten when its end is in the journal, and at once where nothing ran", async () => {
  const whole = recorded(command, async () => ({ outcome: "ok", result: "", command: ran }));
  const end = await whole.run();
  expect(whole.asked).toEqual(["before, with its call", "since"]);
  end.journaled!();
  expect(whole.asked.at(-1)).toBe("forget");

  const not_started: CommandResult = { ...ran, outcome: "not_started" };
  const none = recorded(command, async () => ({
    outcome: "error",
    result: "",
    command: not_started,
  }));
  await none.run();
  expect(none.asked).toEqual(["before, with its call", "forget"]);

  const pause: Pause = {
    ...{ scope: "commands", by: "ada", since: 0, reason: null, ends_running: false },
  };
  const paused = recorded(command, () => Promise.reject(new Paused(pause)));
  await expect(paused.run()).rejects.toThrow(Paused);
  expect(paused.asked.at(-1)).toBe("forget");

  const stopping = recorded(command, () => Promise.reject(new Error("the server stops")));
  await expect(stopping.run()).rejects.toThrow("stops");
  expect(stopping.asked).not.toContain("forget");
});

test("what goes on after its call keeps its note; what only reads has none; an edit is noticed", async () => {
  const goes_on = recorded({ ...command, background: true }, async () => ({
    ...{ outcome: "ok", result: "It runs.", command: null },
  }));
  expect(await goes_on.run()).toMatchObject({ result: "It runs." });
  expect(goes_on.asked).toEqual(["before, on"]);

  const reads = recorded({ ...command, verdict: "safe" }, async () => ({
    ...{ outcome: "ok", result: "x", command: ran },
  }));
  await reads.run();
  expect(reads.asked).toEqual([]);

  const edits = recorded({ kind: "edit", edit_id: "e", files: [] }, async () => ({
    ...{ outcome: "ok", result: "x", command: null },
  }));
  await edits.run();
  expect(edits.asked).toEqual(["touched"]);
});
