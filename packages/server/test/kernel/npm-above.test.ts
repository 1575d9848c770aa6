import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { npmAbove, watchProcess } from "../../src/kernel/npm-above.ts";

const READY = "console.log('up'); setInterval(() => {}, 1e6);";

/** A Node program of this file name, under this process title. */
async function program(file: string, title = ""): Promise<ChildProcess & { pid: number }> {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-npm-"));
  const path = join(folder, file);
  writeFileSync(path, `${title && `process.title = ${JSON.stringify(title)};`}${READY}`);
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  await once(child.stdout, "data");
  return child as ChildProcess & { pid: number };
}

test("npm and npx are known by their title, and by their program", async () => {
  const npm = [
    ["npm-cli.js", "npm start"],
    ["npm-cli.js", "npm exec mainstay serve"],
    ["npx-cli.js", ""],
    ["npm", ""],
  ] as const;
  for (const [file, title] of npm) {
    const { pid } = await program(file, title);
    expect(npmAbove(pid), `${file} ${title}`).toMatchObject({ pid });
  }
});

test("what npm only started long ago, a tmux or an editor, is not taken for it", async () => {
  expect(npmAbove((await program("editor.js")).pid)).toBe(null);
  expect(npmAbove((await program("main.js", "tmux: server")).pid)).toBe(null);
});

test("its end is seen", async () => {
  const npm = await program("npm-cli.js", "npm start");
  const gone = new Promise<void>((resolve) =>
    watchProcess(npmAbove(npm.pid)!, systemClock, resolve),
  );
  npm.kill("SIGKILL");
  await gone;
});
