import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "./run-cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mainstay-classify-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function classify(args: string[], input = "") {
  const run = runCli(["classify", ...args], { env: { MAINSTAY_HOME: folder }, cwd: folder });
  for (const line of input.split("\n").filter(Boolean)) run.types(`${line}\n`);
  run.closesInput();
  const code = await run.exits();
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}

test("one command: its verdict is the exit code, and nothing runs", async () => {
  expect(await classify(["ls -la"])).toMatchObject({ code: 0 });
  expect(await classify(["touch x"])).toMatchObject({ code: 3 });
  const blocked = await classify(["ls; rm -rf /"]);
  expect(blocked).toMatchObject({ code: 5 });
  expect(blocked.stdout).toContain("in: rm -rf /");
});

test("what nobody sees is shown", async () => {
  const { stdout } = await classify(["echo \u202e"]);
  expect(stdout).toContain("\\u{202e}");
});

test("a file: one line of JSON for each of its lines, whatever is wrong with another", async () => {
  const file = join(folder, "c.jsonl");
  const lines = ['{"id":"a","command":"ls"}', "nope", "", '{"id":2,"command":"npm test"}'];
  writeFileSync(file, lines.join("\n"));
  const { code, stdout, stderr } = await classify(["--file", file, "--json"]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(rows).toEqual([
    { id: "a", verdict: "safe", reason: expect.any(String) },
    { id: 2, verdict: "ask", reason: expect.any(String) },
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain("line 2");
});

test("standard input, and a workspace elsewhere", async () => {
  const workspace = ["--workspace", join(folder, "..")];
  const command = `cat ${folder}/x`;
  const input = `${JSON.stringify({ id: "a", command })}\n`;
  const { code, stdout } = await classify(["--file", "-", "--json", "--workspace", folder], input);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('"safe"') });
  expect(await classify([...workspace, "ls .."])).toMatchObject({ code: 3 });
});

/** Writes the file as it is, and says what came of it with `--json`. */
async function judged(text: string | Uint8Array) {
  const file = join(folder, "c.jsonl");
  writeFileSync(file, text);
  const { code, stdout, stderr } = await classify(["--file", file, "--json"]);
  const rows = stdout.split("\n").slice(0, -1);
  return { code, ids: rows.map((row) => (JSON.parse(row) as { id: unknown }).id), stderr };
}

test("a line ends at a line feed, and at nothing else that ends lines of Unicode", async () => {
  const rows = ["a\u2028b", "a\u2029b", "a\u0085b", "a\u000bb"].map(
    (id) => `{"id":"${id}","command":"ls"}`,
  );
  const { code, ids, stderr } = await judged(
    `${rows.join("\r\n")}\r\nnope\n\n{"id":6,"command":""}`,
  );
  expect(ids).toEqual(["a\u2028b", "a\u2029b", "a\u0085b", 6]);
  expect(code).toBe(1);
  expect(stderr.match(/line \d/g)).toEqual(["line 4", "line 5"]);
});

test("every good line has its row, in order, and every other its number and what is wrong", async () => {
  const good = (id: unknown, command = "ls") => JSON.stringify({ id, command });
  const lines = [
    ...[`\ufeff${good(1)}`, "[]", "null", "7", good("two")],
    ...['{"id":12345678901234567890,"command":"ls"}', good(1.5), good(null), '{"id":"x"}'],
    ...['{"id":"\\ud800","command":"echo \\udfff"}', good("漢".repeat(40_000))],
    ...['{"id":"a","command":"rm","id":"b","command":"ls"}', good("last")],
  ];
  const text = Buffer.from(lines.join("\n"));
  const latin1 = Buffer.from(`\n${good("\u00ff")}\n`, "latin1");
  const { code, ids, stderr } = await judged(Buffer.concat([text, latin1]));
  expect(ids).toEqual([1, "two", "\ud800", "漢".repeat(40_000), "b", "last"]);
  expect(code).toBe(1);
  const told = stderr.split("\n").filter(Boolean);
  const numbers = told.map((line) => Number(/line (\d+)/.exec(line)?.[1]));
  expect(numbers).toEqual([2, 3, 4, 6, 7, 8, 9, 14]);
  expect(told[3]).toContain("its id is no text, and no whole number that JSON keeps exactly");
  expect(told[7]).toContain("it is not UTF-8");
});

test.each([[""], ["\n"], ["\ufeff\r\n"]])(
  "a file without a command has no verdict: %j",
  async (text) => expect(await judged(text)).toEqual({ code: 0, ids: [], stderr: "" }),
);

test("for people each line is one line, whatever its id", async () => {
  const file = join(folder, "c.jsonl");
  const ids = ["a\nfake  safe: yes", "b  safe: yes", "c.1", 4];
  writeFileSync(file, ids.map((id) => JSON.stringify({ id, command: "touch 'x\ny'" })).join("\n"));
  const { stdout } = await classify(["--file", file]);
  const lines = stdout.split("\n").slice(0, -1);
  const names = ['"a\\nfake  safe: yes"', '"b  safe: yes"', "c.1", "4"];
  expect(lines.map((line) => line.slice(0, line.indexOf("  ask: ")))).toEqual(names);
});

test("a folder is no file of commands", async () => {
  const { code, stderr } = await classify(["--file", folder]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("is a folder") });
});

test.each([
  [["--file", "absent"]],
  [[]],
  [["ls", "--file", "-"]],
  [["--workspace", "absent", "ls"]],
])("%j is a fault of usage", async (args) =>
  expect(await classify(args)).toMatchObject({ code: 2 }),
);
