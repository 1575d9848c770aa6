/** One process carries the networks of all commands: what one of them meets is not the others' end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { openNetwork } from "../../src/network/network.ts";
import { ask, grant } from "./open-world.ts";

/** Answers orders, but not to open for a host called *silent*; after one called *dead* it answers nothing. */
const SCRIPTED = `
import { connect, Socket } from "node:net";
const line = new Socket({ fd: 3 });
const say = (news) => line.write(JSON.stringify(news) + "\\n");
let is_dead = false;
let held = "";
line.on("close", () => process.exit(0)).on("data", (chunk) => {
  const orders = (held + chunk).split("\\n");
  held = orders.pop();
  for (const { op, name, hosts = [] } of orders.map((text) => JSON.parse(text))) {
    const is_for = (what) => hosts.some(({ host }) => host.startsWith(what));
    is_dead ||= is_for("dead");
    if (is_dead || is_for("silent")) continue;
    say(op === "open" ? { state: "open", name } : { state: "closed", name, uses: [] });
  }
});`;

/** Where a refusal is to be told for \`malformed\`, it throws. */
const FAULTY = `
import { ServerResponse } from "node:http";
const writeHead = ServerResponse.prototype.writeHead;
ServerResponse.prototype.writeHead = function (status, ...rest) {
  if (status === 400) throw new Error("planted");
  return writeHead.call(this, status, ...rest);
};`;

test("what a connection throws where nobody catches it cuts nobody else off", async () => {
  const { network, socketOf } = opened((folder) => `--import ${put(folder, FAULTY)} "$@"`);
  const mine = await network.open("w", []);
  const others = await network.open("w", []);
  const thrown = connect(socketOf(mine));
  onTestFinished(() => void thrown.destroy());
  await new Promise<void>((written) => {
    thrown.write("GET /only/a/path HTTP/1.1\r\n\r\n", () => written());
  });
  const heard = await ask(socketOf(mine), "GET", "http://a.example.org/", {});
  expect(heard.status).toBe(403);
  expect((await ask(socketOf(others), "GET", "http://b.example.org/", {})).status).toBe(403);
  expect(await mine.close()).toMatchObject({ uses: [{ port: 0 }, { port: 80 }], doubt: null });
  expect(await others.close()).toMatchObject({ uses: [{ requests: 1 }], doubt: null });
});

test("an order that is not answered in time fails alone", async () => {
  const { network, time } = opened((folder) => put(folder, SCRIPTED));
  const first = await network.open("w", [grant("first.example.org")]);
  const silent = ["silent.example.org", "silent2.example.org"].map((host) =>
    network.open("w", [grant(host)]),
  );
  time.pass();
  const late = { status: "rejected", reason: { message: expect.stringContaining("in 10 s") } };
  expect(await Promise.allSettled(silent)).toMatchObject([late, late]);
  const next = await network.open("w", [grant("next.example.org")]);
  expect(await first.close()).toEqual({ uses: [], doubt: null });
  expect(await next.close()).toEqual({ uses: [], doubt: null });
});

test("a process that is silent twice is ended, and the next command has another", async () => {
  const { network, time } = opened((folder) => put(folder, SCRIPTED));
  const first = await network.open("w", [grant("first.example.org")]);
  const dead = network.open("w", [grant("dead.example.org")]);
  time.pass();
  await expect(dead).rejects.toThrow("no answer in 10 s");
  const closing = first.close();
  time.pass();
  expect(await closing).toMatchObject({ doubt: expect.stringContaining("ended early") });
  const next = await network.open("w", [grant("next.example.org")]);
  expect(await next.close()).toEqual({ uses: [], doubt: null });
});

test("the first answer of a process may take as long as its start on a busy host", async () => {
  const { network, time } = opened((folder) => put(folder, SCRIPTED));
  const first = network.open("w", []);
  expect(time.limits()).toEqual([30_000]);
  await first;
  const second = network.open("w", []);
  expect(time.limits()).toEqual([10_000]);
  await second;
});

/** With a process that is Node with these arguments, and a clock whose waits end when the test says so. */
function opened(argumentsIn: (folder: string) => string) {
  const base = mkdtempSync(join(tmpdir(), "mainstay-network-"));
  mkdirSync(join(base, "run"));
  const node_path = join(base, "node");
  const script = `#!/bin/sh\nexec ${process.execPath} ${argumentsIn(base)}\n`;
  writeFileSync(node_path, script, { mode: 0o755 });
  const time = handMoved();
  const network = openNetwork({
    ...{ run_folder: join(base, "run"), node_path, is_root: false, clock: time.clock },
  });
  onTestFinished(() => {
    network.close();
    rmSync(base, { recursive: true, force: true });
  });
  const socketOf = ({ socket_name }: { socket_name: string }) =>
    join(network.folderOf("w"), socket_name);
  return { network, time, socketOf };
}

function put(folder: string, program: string): string {
  const path = join(folder, "program.mjs");
  writeFileSync(path, program);
  return path;
}

function handMoved() {
  const waits = new Set<{ delay_ms: number; run: () => void }>();
  const clock: Clock = {
    ...systemClock,
    after(delay_ms, run) {
      const wait = { delay_ms, run };
      waits.add(wait);
      return () => void waits.delete(wait);
    },
  };
  return {
    clock,
    limits: () => [...waits].map(({ delay_ms }) => delay_ms),
    /** All that is waited for now is late. */
    pass() {
      const late = [...waits];
      waits.clear();
      for (const { run } of late) run();
    },
  };
}
