import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { wireFault } from "@mainstay/fake-provider/faults";
import { systemClock } from "@mainstay/sdk/clock";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type CliRun, runCli } from "./run-cli.ts";

const WRONG_KEY = "sk-canary-that-nobody-may-see-0123456789";
let fake: FakeProvider;
let home: string;
beforeAll(async () => {
  const adds = { tool_calls: [{ name: "add", arguments: { a: 17, b: 25 } }] };
  fake = await startFakeProvider({
    ...{ clock: systemClock, script: [], models: ["fake-model"] },
    script: ({ tools }) => ((tools?.length ?? 0) > 0 ? adds : { text: "ready" }),
  });
});
afterAll(() => fake.close());
beforeEach(() => (home = mkdtempSync(join(tmpdir(), "mainstay-provider-"))));
afterEach(() => rmSync(home, { recursive: true }));

function provider(args: string[], env: Record<string, string> = {}, terminal = false): CliRun {
  const own = { OPENAI_BASE_URL: fake.url, OPENAI_MODEL: "fake-model", MAINSTAY_HOME: home };
  const run = runCli(["provider", ...args], { env: { ...own, ...env }, cwd: home, terminal });
  onTestFinished(() => run.kill());
  return run;
}
const said = (run: CliRun) => run.stdout() + run.stderr();
const kept = () => join(home, "provider-keys.json");

test("set takes a key from a pipe, tests it, and keeps what was answered with", async () => {
  const wrong = provider(["set", "openai"]);
  wrong.types(`${WRONG_KEY}\n`);
  expect(await wrong.exits()).toBe(1);
  expect(said(wrong)).toMatch(/the key is refused[^]*The key is not kept/);
  expect(said(wrong)).not.toContain(WRONG_KEY);
  expect(existsSync(kept())).toBe(false);

  const right = provider(["set", "openai", "--json"]);
  right.types("fake");
  right.closesInput();
  expect(await right.exits()).toBe(0);
  expect(JSON.parse(right.stdout())).toMatchObject({ kept: true, file: kept() });
  expect(JSON.parse(readFileSync(kept(), "utf8"))).toEqual({
    openai: { api_key: "fake", origin: new URL(fake.url).origin },
  });
  expect(statSync(kept()).mode & 0o777).toBe(0o600);

  const list = provider([]);
  expect(await list.exits()).toBe(0);
  expect(list.stdout()).toBe("openai: fake-model; a key (from provider-keys.json)\n");
});

test("set shows nothing of what is typed at a terminal; Ctrl-C leaves all as it was", async () => {
  const run = provider(["set", "openai"], {}, true);
  await run.sees("it is not shown");
  run.types(`${WRONG_KEY}\r`);
  expect(await run.exits()).toBe(1);
  expect(run.stdout()).toContain("the key is refused");
  expect(run.stdout()).not.toContain(WRONG_KEY.slice(0, 12));

  const left = provider(["set", "openai"], {}, true);
  await left.sees("it is not shown");
  left.types("\u0003");
  expect(await left.exits()).toBe(2);
  expect(readdirSync(home)).toEqual([]);
});

test("set refuses a key on the command line, an unknown name, and one that a variable would undo", async () => {
  const on_line = provider(["set", "openai", WRONG_KEY]);
  expect(await on_line.exits()).toBe(2);
  expect(said(on_line)).toMatch(/no place on the command line/);
  expect(said(on_line)).not.toContain(WRONG_KEY);
  const unknown = provider(["set", "nobody"]);
  unknown.types("k\n");
  expect(await unknown.exits()).toBe(2);
  expect(said(unknown)).toMatch(/no provider nobody; there are: openai, cerebras, groq/);
  const undone = provider(["set", "openai"], { OPENAI_API_KEY: WRONG_KEY });
  undone.types("fake\n");
  expect(await undone.exits()).toBe(2);
  expect(said(undone)).toMatch(/comes from elsewhere \(OPENAI_API_KEY\)/);
  expect(said(undone)).not.toContain(WRONG_KEY);
});

test("set keeps a key whose rate is used up, and says so", async () => {
  const busy = await startFakeProvider({
    ...{ clock: systemClock, models: ["fake-model"] },
    script: () => wireFault("openai", "rate"),
  });
  onTestFinished(() => busy.close());
  const run = provider(["set", "openai"], { OPENAI_BASE_URL: busy.url });
  run.types("fake\n");
  expect(await run.exits()).toBe(0);
  expect(said(run)).toMatch(/rate of the key used up\. Kept in/);
  expect(existsSync(kept())).toBe(true);
});

test("test finds a model server of this machine by its name", async () => {
  const server = createServer((_, response) => response.end('{"data": [{"id": "qwen3"}]}'));
  onTestFinished(() => void server.close());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const OLLAMA_HOST = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const there = provider(["test", "ollama"], { OLLAMA_HOST, MAINSTAY_DISCOVER_LOCAL: "true" });
  expect(await there.exits()).toBe(1);
  expect(there.stdout()).toMatch(/ollama: qwen3\n +ok +models/);
  const away = provider(["test", "ollama"], {
    OLLAMA_HOST: "127.0.0.1:9",
    MAINSTAY_DISCOVER_LOCAL: "true",
  });
  expect(await away.exits()).toBe(1);
  expect(said(away)).toContain("ollama at http://127.0.0.1:9/v1");
});

test("test says of each call whether it works, and with which exit code", async () => {
  const works = provider(["test"], { OPENAI_API_KEY: "fake" });
  expect(await works.exits()).toBe(0);
  expect(works.stdout().match(/^ {2}ok /gm)).toHaveLength(4);
  const fails = provider(["test", "--json"], { OPENAI_API_KEY: WRONG_KEY });
  expect(await fails.exits()).toBe(1);
  expect(JSON.parse(fails.stdout())).toMatchObject({ ok: false, steps: { length: 4 } });
  expect(said(fails)).not.toContain(WRONG_KEY);
  const nobody = provider(["test", "nobody"], { OPENAI_API_KEY: "fake" });
  expect(await nobody.exits()).toBe(2);
  expect(said(nobody)).toContain("There is no provider nobody; there are: openai");
});
