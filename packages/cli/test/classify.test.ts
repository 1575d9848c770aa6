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

test.each([
  [["--file", "absent"]],
  [[]],
  [["ls", "--file", "-"]],
  [["--workspace", "absent", "ls"]],
])("%j is a fault of usage", async (args) =>
  expect(await classify(args)).toMatchObject({ code: 2 }),
);
