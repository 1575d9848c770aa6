import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CTRL_C, openPty, type Pty, SHELL } from "./pty.ts";
import { createServedHome, root, type ServedHome } from "./served-home.ts";

const LINES = 6_000;
const has_npm = spawnSync("npm", ["--version"]).status === 0;

/** A server that npm or npx runs in a terminal, in the middle of a command. */
async function served(line: string): Promise<{ home: ServedHome; terminal: Pty }> {
  const home = await createServedHome();
  const terminal = openPty(SHELL, root, home.env);
  terminal.types(`${line}\n`);
  await terminal.sees("Ctrl-C stops it.");
  await home.server();
  await home.count(LINES);
  return { home, terminal };
}

const lines = ["npm start", "npx mainstay serve"];
const not_run = has_npm ? "" : " (not run: there is no npm)";

test.skipIf(!has_npm).for(lines)(`%s: Ctrl-C once ends all, cleanly${not_run}`, async (line) => {
  const { home, terminal } = await served(line);
  terminal.types(CTRL_C);
  await terminal.sees("Stopping (SIGINT). Commands are ended");
  await home.empty();
  // A server that was cut off on its way leaves its card.
  expect(existsSync(join(home.env["MAINSTAY_HOME"]!, "run", "server.json"))).toBe(false);
  await terminal.hangUp();
});

test.skipIf(!has_npm).for(lines)(
  `%s: npm killed with SIGKILL, the server and its command end by themselves${not_run}`,
  async (line) => {
    const { home, terminal } = await served(line);
    const npm = home.running().find((process) => /^\d+ np(m|x) /.test(process));
    expect(npm, home.running().join("\n")).toBeDefined();
    process.kill(Number.parseInt(npm!, 10), "SIGKILL");
    await home.empty();
    await terminal.hangUp();
  },
);
