import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { atPlace, beneath } from "../../src/files/beneath.ts";
import type { Root } from "../../src/files/beneath.ts";
import { files, scratchFolder, wholeFile, write } from "./workspace.ts";

const WALKS = 4_000;
const EDITS = 500;
const AT_ONCE = 16;
/** Where a sync costs nothing: more of the time goes into the race. */
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Swaps the folder `d` for a link out of the workspace and back, as fast as it can. */
const SWAP = `$| = 1; my ($workspace, $outside) = @ARGV; chdir $workspace; print "swapping\\n";
while (getppid() != 1) { rename "d", "x"; symlink $outside, "d"; unlink "d"; rename "x", "d"; }`;

async function whileSwapping(use: (root: Root, outside: string) => Promise<void>) {
  const root = await scratchFolder(MEMORY);
  const { path: outside } = await scratchFolder(MEMORY);
  await mkdir(join(root.path, "d"));
  const perl = spawn("perl", ["-e", SWAP, root.path, outside], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(perl.stdout, "data");
  try {
    await use(root, outside);
  } finally {
    const ended = once(perl, "exit");
    perl.kill("SIGKILL");
    await ended;
  }
}

/** Runs `attempt` for each of `count` numbers, a few at a time; the number that was not refused. */
async function tries(count: number, attempt: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  let through = 0;
  const worker = async () => {
    while (next < count) {
      if ((await attempt(next++).catch(refused)) !== "refused") through++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return through;
}

test("B1: while a folder is swapped for a link, nothing is made outside", { timeout: 60_000 }, () =>
  whileSwapping(async (root, outside) => {
    const written = await tries(WALKS, (n) =>
      atPlace(root, `d/f${n % 50}`, "write", ({ folder, name }) =>
        writeFile(beneath(folder, name), "x"),
      ),
    );
    expect(await readdir(outside)).toEqual([]);
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(WALKS);
  }),
);

test("B1: nor by a whole edit", { timeout: 60_000 }, () =>
  whileSwapping(async (root, outside) => {
    expect(await tries(EDITS, (n) => write(root, `d/f${n}`, `${n}`))).toBeGreaterThan(0);
    expect(await readdir(outside)).toEqual([]);
  }),
);

test("B1: nor is anything read from outside", { timeout: 60_000 }, () =>
  whileSwapping(async (root, outside) => {
    await writeFile(join(outside, "secret"), "outside");
    expect(await tries(WALKS, () => files.read(root, "d/secret", wholeFile))).toBe(0);
  }),
);

test("planted fault: realpath, then write, escapes the same race", () =>
  whileSwapping(async (root, outside) => {
    for (let i = 0; i < 20_000 && (await readdir(outside)).length === 0; i++) {
      await naive(root, `d/n${i}`).catch(() => undefined);
    }
    expect((await readdir(outside)).length).toBeGreaterThan(0);
  }));

async function naive(root: Root, path: string): Promise<void> {
  if (realpathSync(join(root.path, "d")).startsWith(root.path))
    await writeFile(join(root.path, path), "x");
}

function refused(fault: unknown): "refused" {
  expect(fault).toMatchObject({ name: "FileRefused" });
  return "refused";
}
