import { expect, test } from "vitest";
import { CTRL_C, openPty, type Pty, SHELL } from "./pty.ts";
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
