import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { files, scratchFolder, wholeFile, write } from "./workspace.ts";

const TRIES = 2_000;
/** Where a sync costs nothing: more of the time goes into the race. */
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Swaps the folder `d` for a link out of the workspace and back, as fast as it can. */
const SWAP = `$| = 1; my ($workspace, $outside) = @ARGV; chdir $workspace; print "swapping\\n";
while (getppid() != 1) { rename "d", "x"; symlink $outside, "d"; unlink "d"; rename "x", "d"; }`;

async function whileSwapping(use: (root: string, outside: string) => Promise<void>) {
  const root = await scratchFolder(MEMORY);
  const outside = await scratchFolder(MEMORY);
  await mkdir(join(root, "d"));
  const perl = spawn("perl", ["-e", SWAP, root, outside], { stdio: ["ignore", "pipe", "inherit"] });
  await once(perl.stdout, "data");
  try {
    await use(root, outside);
  } finally {
    const ended = once(perl, "exit");
    perl.kill("SIGKILL");
    await ended;
  }
}

test("B1: while a folder is swapped for a link, no write lands outside", { timeout: 60_000 }, () =>
  whileSwapping(async (root, outside) => {
    let written = 0;
    for (let i = 0; i < TRIES; i++) {
      const done = await write(root, `d/f${i % 50}`, `${i}`).catch(refused);
      if (done !== "refused") written++;
    }
    expect(await readdir(outside)).toEqual([]);
    expect(written).toBeGreaterThan(TRIES / 20);
    expect(written).toBeLessThan(TRIES);
  }),
);

test("B1: nor is anything read from outside", () =>
  whileSwapping(async (root, outside) => {
    await writeFile(join(outside, "secret"), "outside");
    let refusals = 0;
    for (let i = 0; i < TRIES; i++) {
      const read = await files.read(root, "d/secret", wholeFile).catch(refused);
      expect(read).toBe("refused");
      refusals++;
    }
    expect(refusals).toBe(TRIES);
  }));

test("planted fault: realpath, then write, escapes the same race", () =>
  whileSwapping(async (root, outside) => {
    for (let i = 0; i < 20_000 && (await readdir(outside)).length === 0; i++) {
      await naive(root, `d/n${i}`).catch(() => undefined);
    }
    expect((await readdir(outside)).length).toBeGreaterThan(0);
  }));

async function naive(root: string, path: string): Promise<void> {
  if (realpathSync(join(root, "d")).startsWith(root)) await writeFile(join(root, path), "x");
}

function refused(fault: unknown): "refused" {
  expect(fault).toMatchObject({ name: "FileRefused" });
  return "refused";
}
