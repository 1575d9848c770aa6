import { expect, test } from "vitest";
import { CTRL_C, openPty, type Pty, SHELL } from "./pty.ts";
import { runCli } from "./run-cli.ts";
import { createServedHome, root, type ServedHome } from "./served-home.ts";

const LINES = 6_000;

/** A shell in a terminal, in which the server runs in front, in the middle of a command. */
async function served(): Promise<{ home: ServedHome; terminal: Pty }> {
  const home = await createServedHome();
  const terminal = openPty(SHELL, root, home.env);
  terminal.types("./mainstay serve\n");
  await terminal.sees("Ctrl-C stops it.");
  await home.server();
  await home.count(LINES);
  expect(home.running().length).toBeGreaterThanOrEqual(3);
  return { home, terminal };
}

test("Ctrl-C ends the server, its executor and the command, and the shell goes on", async () => {
  const { home, terminal } = await served();
  terminal.types(CTRL_C);
  await terminal.sees("Stopping (SIGINT). Commands are ended");
  await home.empty();
  terminal.types("echo it ended with $?\n");
  await terminal.sees("it ended with 0");
  await terminal.hangUp();
});

test("closing the terminal leaves no orphan", async () => {
  const { home, terminal } = await served();
  await terminal.hangUp();
  await home.empty();
});

test("nohup: closing the terminal leaves the server, its executor and the command alone", async () => {
  const home = await createServedHome();
  const terminal = openPty(SHELL, root, home.env);
  terminal.types("nohup ./mainstay serve > /dev/null 2>&1 &\n");
  const { pid } = await home.server();
  const turn_id = await home.count(40);
  await terminal.hangUp();
  expect((await home.settled(turn_id)).commands).toMatchObject([{ exit_code: 0 }]);
  expect((await home.server()).pid).toBe(pid);
});

test("a script's background job: Ctrl-C ends the script alone, mainstay stop ends the server", async () => {
  const home = await createServedHome();
  const terminal = openPty(SHELL, root, home.env);
  terminal.types("sh -c './mainstay serve > /dev/null & wait'\n");
  const { pid } = await home.server();
  const turn_id = await home.count(40);
  terminal.types(CTRL_C);
  terminal.types("echo it ended with $?\n");
  await terminal.sees("it ended with 130");
  expect((await home.settled(turn_id)).commands).toMatchObject([{ exit_code: 0 }]);
  const run = runCli(["stop", "--json"], { env: home.env, cwd: root });
  expect(await run.exits()).toBe(0);
  expect(JSON.parse(run.stdout())).toEqual({ pid, stopped: true });
  await home.empty();
  await terminal.hangUp();
});
