import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lackedLine } from "../../src/kernel/lacked.ts";
import type { ModelMessage, ModelPart, ModelRequest } from "../../src/kernel/model.ts";
import { createOffline } from "../../src/offline/offline.ts";
import { promisedWork } from "../../src/turn/promise.ts";

const ALL = ["shell", "read_file", "list_files", "search"];
const port = createOffline({ reason: () => "No model is configured.", provider_configured: false });

interface Told {
  answer: string;
  calls: { id: string; name: string; input: Record<string, string> }[];
  steps: number;
}

type World = (
  tool: string,
  input: Record<string, string>,
) => string | { outcome: "error"; text: string };

const refuses = (text: string) => ({ outcome: "error", text }) as const;

async function partsOf(request: ModelRequest): Promise<ModelPart[]> {
  return gathered(port.stream(request, new AbortController().signal));
}

async function gathered(stream: AsyncIterable<ModelPart>): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** Plays the turn: makes the calls that the port asks for until it answers. */
async function tell(message: string, world: World, tools = ALL): Promise<Told> {
  const messages: ModelMessage[] = [
    { role: "system", text: "rules" },
    { role: "user", text: "an earlier request" },
    { role: "assistant", text: "an earlier answer", tool_calls: [] },
    { role: "user", text: message },
  ];
  const specs = tools.map((name) => ({ name, description: name, parameters: {} }));
  const calls: Told["calls"] = [];
  for (let steps = 1; steps <= 4; steps++) {
    const parts = await partsOf({
      turn_id: "t",
      messages,
      tools: specs,
      model: null,
      said: "",
      check: () => null,
      waiting: () => {},
    });
    const text = parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
    const made = parts.flatMap((part) => (part.type === "tool_call" ? [part.call] : []));
    expect(parts.at(-1)).toMatchObject({
      type: "finish",
      reason: made.length > 0 ? "tool_calls" : "stop",
      provider: "offline",
      model: "local",
      mode: "offline",
      usage: { input_tokens: 0, output_tokens: 0 },
    });
    if (made.length === 0) return { answer: text, calls, steps };
    expect(text).toBe("");
    messages.push({ role: "assistant", text, tool_calls: made });
    for (const { id, name, input } of made) {
      const read = JSON.parse(input) as Record<string, string>;
      calls.push({ id, name, input: read });
      const answer = world(name, read);
      const { outcome, text: result } =
        typeof answer === "string" ? ({ outcome: "ok", text: answer } as const) : answer;
      const command = name === "shell" ? { command_id: "cmd_1" } : {};
      messages.push({ role: "tool", call_id: id, tool: name, outcome, text: result, ...command });
    }
  }
  throw new Error("the port did not come to an answer");
}

const files: World = (tool, { path = "", pattern = "" }) => {
  if (tool === "read_file" && path === "README.md") return "# Title\n```js\nrun()\n```\n";
  if (tool === "read_file" && path === "./src")
    return refuses('"src" is a folder, not a file; list it');
  if (tool === "read_file") return refuses(`${JSON.stringify(path)} does not exist`);
  if (tool === "list_files") return "README.md\nsrc/";
  if (tool === "search" && pattern.includes("port")) return "src/config.ts:7: port: 7420,";
  if (tool === "search") return "No matches.";
  return "main\n[exit 0, 0.1 s]";
};

test("a command goes to the shell once; its output and end are quoted", async () => {
  const told = await tell("!git branch --show-current", files);
  expect(told.calls).toMatchObject([
    { name: "shell", input: { command: "git branch --show-current" } },
  ]);
  expect(told.calls[0]?.input["intent"]).not.toBe("");
  expect(told.answer).toContain("```text\nmain\n[exit 0, 0.1 s]\n```");
});

test("of a command that printed much the beginning and the end are quoted, with what failed and how it ended", async () => {
  const lines = Array.from({ length: 500 }, (_, line) => `${line + 1}`);
  const failed = refuses([...lines, "error: THE-REASON", "[exit 3, 0.1 s]"].join("\n"));
  const { answer } = await tell("!seq 1 500", () => failed);
  expect(answer).toContain("```text\n1\n2\n");
  expect(answer).toContain("\nerror: THE-REASON\n[exit 3, 0.1 s]\n```");
  const shown = answer.match(/^\d+$/gmu)!.length;
  expect(answer).toContain(`\n[${500 - shown} lines left out]\n`);
  expect(answer).toMatch(/\nAll that it printed: `mainstay commands cmd_1 --output`$/u);
});

test("where the executor left bytes out, it is bytes that are counted", async () => {
  const many = (from: number) => Array.from({ length: 100 }, (_, line) => `${from + line}`);
  const kept = [...many(100), "[7000 bytes left out]", ...many(500), "[exit 0, 0.1 s]"];
  const { answer } = await tell("!seq 100 599", () => kept.join("\n"));
  const shown = answer.match(/^\d{3}$/gmu)!.length;
  expect(answer).toContain(`\n[${7000 + (200 - shown) * 4} bytes left out]\n`);
  expect(answer).toContain("[exit 0, 0.1 s]\n```\nAll that it printed: ");
});

test("a line of the ending is told however long the lines are; what is short is told whole", async () => {
  const long = Array.from({ length: 200 }, () => "x".repeat(400));
  const ending = ["[exit 1, 0.1 s]", ...Array.from({ length: 29 }, () => `[${"y".repeat(400)}]`)];
  const { answer } = await tell("!x", () => refuses([...long, ...ending].join("\n")));
  expect(answer).toContain("\n[exit 1, 0.1 s]\n[yyy");
  const { answer: short } = await tell("!x", () => "a\nb\n[exit 0, 0.1 s]");
  expect(short).not.toContain("All that it printed");
});

test("what is meant for a model is not read to people", async () => {
  const lacked = lackedLine({ hosts: ["packages.example.org:443"], folders: [] });
  const needs = "[it needs packages.example.org:443; …: mainstay workspace network allow …]";
  const { answer, calls } = await tell("!x", () =>
    refuses(["[exit 1, 0.1 s]", needs, lacked].join("\n")),
  );
  expect(calls).toHaveLength(2);
  expect(answer).toContain(needs);
  expect(answer).not.toContain("call again");
});

test("a command that nobody agreed to: the answer says so", async () => {
  const told = await tell("!rm -r x", () => "Denied by ann. The command did not run.");
  expect(told.answer).toContain("Denied by ann. The command did not run.");
});

test("a file that is named is quoted, in a fence that its own fences cannot close", async () => {
  const told = await tell("show me README.md", files);
  expect(told.answer).toContain("`README.md` holds:\n\n````text\n# Title\n```js\nrun()\n```\n````");
});

test("files that exist are quoted beside the word of those that do not", async () => {
  const told = await tell("compare README.md with gone.md", files);
  expect(told.steps).toBe(2);
  expect(told.answer).toContain("`README.md` holds");
  expect(told.answer).toContain('`gone.md` could not be read: `"gone.md" does not exist`');
});

test("a file that cannot be read leads to a search", async () => {
  const told = await tell("where does gone.ts set the port", files);
  expect(new Set(told.calls.map((call) => call.name))).toEqual(new Set(["read_file", "search"]));
  expect(told.answer).toContain("src/config.ts:7: port: 7420,");
  expect(told.answer).toContain("`gone.ts` could not be read");
});

test("a path that is a folder is listed", async () => {
  const told = await tell("explain ./src to a newcomer in a few sentences", files);
  expect(told.calls.map((call) => call.name)).toEqual(["read_file", "list_files"]);
  expect(told.calls[1]?.input["path"]).toBe("./src");
});

test("a question is searched by its words", async () => {
  const told = await tell("Where is the port configured?", files);
  expect(told.calls).toMatchObject([
    { name: "search", input: { pattern: "configured" } },
    { name: "search", input: { pattern: "port" } },
  ]);
  expect(told.steps).toBe(2);
  expect(told.answer).toContain("src/config.ts:7: port: 7420,");
});

test("nothing found is said, with what can be done", async () => {
  const told = await tell("frobnicate", files);
  expect(told.answer).toContain("No line holds any of `frobnicate`.");
  expect(told.answer).toContain("show me README.md");
});

test("a search that broke is not called empty", async () => {
  const told = await tell("frobnicate", () => "The search was stopped before it found anything.");
  expect(told.answer).toContain("The search was stopped");
  expect(told.answer).not.toContain("No line holds");
});

test.each(["!ls", "README.md", "list files", "frobnicate"])(
  "without tools %j is answered all the same",
  async (message) => {
    const told = await tell(message, files, []);
    expect(told.calls).toEqual([]);
    expect(told.answer).toContain("not available here");
  },
);

test("the first line says why no model answered; the last how to set one up", async () => {
  const { answer } = await tell("list files", files);
  expect(answer.split("\n")[0]).toMatch(/^No model is configured: .*local files/u);
  expect(answer.split("\n").at(-1)).toContain("`mainstay provider set groq`");
});

test("with a provider that failed nobody is told to set one up", async () => {
  const failing = createOffline({ reason: () => "groq:\n 503", provider_configured: true });
  const messages: ModelMessage[] = [{ role: "user", text: "?" }];
  const request = {
    turn_id: "t",
    messages,
    tools: [],
    model: null,
    said: "",
    check: () => null,
    waiting: () => {},
  };
  const parts = await gathered(failing.stream(request, new AbortController().signal));
  const text = parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  expect(text).toMatch(/^groq: 503: .*local files/u);
  expect(text).not.toContain("mainstay provider set");
});

test("calls of a model that answered before are not taken for its own", async () => {
  const call = { id: "c1", name: "search", input: "{}" };
  const messages: ModelMessage[] = [
    { role: "user", text: "where is the port" },
    { role: "assistant", text: "", tool_calls: [call] },
    { role: "tool", call_id: "c1", tool: "search", outcome: "ok", text: "a.ts:1: x" },
  ];
  const tools = [{ name: "search", description: "", parameters: {} }];
  const parts = await partsOf({
    turn_id: "t",
    messages,
    tools,
    model: null,
    said: "",
    check: () => null,
    waiting: () => {},
  });
  expect(parts.filter((part) => part.type === "tool_call")).toHaveLength(1);
});

test("an aborted request throws the signal's reason", async () => {
  const request = {
    turn_id: "t",
    messages: [],
    tools: [],
    model: null,
    said: "",
    check: () => null,
    waiting: () => {},
  };
  const stopped = AbortSignal.abort(new Error("stop"));
  await expect(gathered(port.stream(request, stopped))).rejects.toThrow("stop");
});

async function answersHonestly(message: string, result: string): Promise<void> {
  const told = await tell(message, () => result);
  expect(told.answer).toMatch(/^No model is configured|run without a model/u);
  expect(told.answer.split("\n\n").length).toBeGreaterThanOrEqual(2);
  expect(promisedWork(told.answer)).toBeNull();
  expect(new Set(told.calls.map((call) => call.id)).size).toBe(told.calls.length);
  for (const { input } of told.calls) {
    if (input["pattern"] !== undefined) expect(() => new RegExp(input["pattern"]!)).not.toThrow();
    for (const value of Object.values(input)) expect(value).not.toBe("");
  }
}

test("any message gets an honest answer", async () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("!", "README", "a/b.ts", "`", '"', "list files", "let me check", "\n", "ls "),
  );
  const message = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
  const result = fc.oneof(fc.string({ unit: "binary" }), fc.constant('"a/b.ts" is a folder'));
  await fc.assert(fc.asyncProperty(message, result, answersHonestly), { numRuns: 500 });
});

const blns = fileURLToPath(new URL("../../../../../shared/data/blns/blns.json", import.meta.url));

test.skipIf(!existsSync(blns))(
  "the 515 naughty strings (not run where they are absent)",
  async () => {
    const strings = JSON.parse(readFileSync(blns, "utf8")) as string[];
    expect(strings).toHaveLength(515);
    for (const text of strings) await answersHonestly(text, text || "x");
  },
);
