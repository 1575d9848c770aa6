import type { BodyOf } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { outcomeLine, toolLine } from "../src/conversation/tool-lines.ts";
import { hangingRows } from "../src/terminal/rows.ts";

const started = (command: string): BodyOf<"tool_started"> => ({
  ...{ type: "tool_started", step: 1, call_id: "call_1", tool: "shell", intent: "" },
  effect: { kind: "command", command, command_id: "cmd_1", ...agreed },
});
const agreed = { verdict: "ask", agreed_by: "Ada", planned_digest: "" };
const ended = (rest: Partial<BodyOf<"tool_ended">>): BodyOf<"tool_ended"> => ({
  ...{ type: "tool_ended", step: 1, call_id: "call_1", outcome: "denied" },
  ...{ result: "", command: null, ...rest },
});

test("two lines of a command do not read as one, and no character passes for the break", () => {
  expect(toolLine(started("ls\nwc -l package.json\n"))).toBe("› $ ls ⏎ wc -l package.json");
  expect(toolLine(started("echo ⏎ rm x"))).toBe("› $ echo \\u{23ce} rm x");
});

test("a command that did not run is a command still, blocked where no policy would allow it", () => {
  const call = { id: "call_1", name: "shell", input: JSON.stringify({ command: "rm -rf /" }) };
  expect(toolLine({ ...started(""), effect: { kind: "none" } }, call)).toBe("› $ rm -rf /");
  expect(outcomeLine(ended({ result: "Blocked: it deletes all." }))).toMatch(/^blocked: /);
  expect(outcomeLine(ended({ result: "Denied by Ada." }))).toBe("denied: it did not run");
});

test("what ended a command is said, by the server's word and not by the command's", () => {
  const why = "killed after 0.4 s: commands are paused by owner since 2026-11-22 21:40 UTC";
  const result = `[killed after 9.9 s: nothing]\nbusy\n[${why}]\n[a notice]`;
  expect(outcomeLine(ended({ outcome: "cancelled", result }))).toBe(why);
  expect(outcomeLine(ended({ outcome: "cancelled" }))).toBe("cancelled");
});

test("what does not fit goes on below its beginning", () => {
  expect(hangingRows("ok  ", "one two three", 12)).toEqual(["ok  one two", "    three"]);
  expect(hangingRows("ok  ", "one  two", Infinity)).toEqual(["ok  one  two"]);
});
