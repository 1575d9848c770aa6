import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ripgrepPath } from "../src/ripgrep.ts";
import { type Caches, openCaches } from "../src/sandbox/caches.ts";
import { type Bench, openBench, registration } from "./harness.ts";

const is_root = userInfo().uid === 0;
const LIMIT_BYTES = 1 << 20;
const own = { uid: userInfo().uid, gid: userInfo().gid };

let home: string;
let said: string[];
let caches: Caches;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mainstay-caches-"));
  said = [];
  caches = open();
});
afterEach(async () => {
  await caches.close();
  rmSync(home, { recursive: true });
});
const open = () =>
  openCaches({ home, clock, log: (text) => said.push(text), limit_bytes: LIMIT_BYTES });
const inCache = (...names: string[]) => join(home, "cache", ...names);
const fill = (workspace: string, bytes: number) => {
  writeFileSync(join(caches.folder(workspace, own).path, "file"), Buffer.alloc(bytes));
};
async function useOnce(workspace: string): Promise<void> {
  caches.enter(workspace)();
  await caches.idle();
}

test("one that fits stays; one past the bound goes as a whole, and the next is another folder", async () => {
  fill("w", LIMIT_BYTES / 2);
  fill("large", LIMIT_BYTES + 1);
  const { identity, path } = caches.folder("large", own);
  await useOnce("w");
  await useOnce("large");
  expect([existsSync(inCache("w", "file")), existsSync(path)]).toEqual([true, false]);
  expect(readdirSync(inCache(".trash"))).toEqual([]);
  expect(said).toEqual([expect.stringMatching(/large had \d+ bytes and was emptied/)]);
  expect(caches.folder("large", own)).toMatchObject({ path });
  expect(caches.folder("large", own).identity).not.toBe(identity);
});

test("not while a command of its workspace runs", async () => {
  fill("w", LIMIT_BYTES + 1);
  const [leaveFirst, leaveSecond] = [caches.enter("w"), caches.enter("w")];
  leaveFirst();
  await caches.idle();
  expect(existsSync(inCache("w", "file"))).toBe(true);
  leaveSecond();
  const leaveThird = caches.enter("w"); // begins while it is being measured
  await caches.idle();
  expect(existsSync(inCache("w", "file"))).toBe(true);
  leaveThird();
  await caches.idle();
  expect(existsSync(inCache("w"))).toBe(false);
});

test("links in it lead nowhere", async () => {
  const outside = join(home, "outside");
  mkdirSync(outside, { mode: 0o700 });
  writeFileSync(join(outside, "kept"), Buffer.alloc(LIMIT_BYTES * 2));
  const { path } = caches.folder("w", own);
  symlinkSync(outside, join(path, "link"));
  await useOnce("w");
  expect(existsSync(path)).toBe(true); // what it leads to was not measured
  fill("w", LIMIT_BYTES + 1);
  chmodSync(outside, 0o500);
  caches = open(); // as if it had not been measured a moment ago
  await useOnce("w");
  expect([existsSync(path), existsSync(join(outside, "kept"))]).toEqual([false, true]);
  expect(statSync(outside).mode & 0o777).toBe(0o500);
  chmodSync(outside, 0o700);
});

test("one that nobody has used for a month goes at a start, another's too", async () => {
  fill("old", 1);
  fill("new", 1);
  const long_ago_s = clock.now() / 1000 - 40 * 86_400;
  utimesSync(inCache("old"), long_ago_s, long_ago_s);
  caches = open();
  await caches.idle();
  expect(readdirSync(inCache()).toSorted()).toEqual([".trash", "new"]);
});

test.skipIf(!is_root)(
  "one of another person is not this one's (not run without root)",
  async () => {
    fill("w", 1);
    const hers = { uid: 0x70000007, gid: 0x70000007 };
    const { path } = caches.folder("w", hers);
    expect(readdirSync(path)).toEqual([]);
    expect(lstatSync(path)).toMatchObject(hers);
    await caches.idle();
    expect(readdirSync(inCache(".trash"))).toEqual([]);
  },
);

test("what commands fetch stays with their workspace, and no other sees it", async () => {
  const bench: Bench = await openBench({ ripgrep_path: await ripgrepPath() });
  try {
    const other = join(dirname(bench.workspace), "other");
    mkdirSync(other);
    await bench.link().registerWorkspace(registration("other", other));
    await bench.exited("echo kept > ~/.cache/mine; npm config get cache > npm; echo x > ~/gone");
    const again = await bench.exited("cat ~/.cache/mine npm; ls -A ~; stat -c %U:%a ~/.cache");
    expect(again.output).toBe("kept\n/home/agent/.cache/npm\n.cache\nagent:700\n");
    const elsewhere = await bench.exited("ls -A ~/.cache", { workspace_id: "other" });
    expect(elsewhere).toMatchObject({ exit_code: 0, output: "" });
    const search = await bench.exited(["ls", "-A", "/home/agent"], { profile: "search" });
    expect(search.output).toBe("");
    rmSync(join(bench.home, "cache/w"), { recursive: true }); // by hand, while the executor runs
    expect(await bench.exited("ls -A ~/.cache; echo new > ~/.cache/x")).toMatchObject({
      ...{ exit_code: 0, output: "" },
    });
    await bench.link().close(); // what is queued is done then
    expect(readdirSync(join(bench.home, "cache")).toSorted()).toEqual([
      ...[".trash", "other", "w"], // none of the self-test
    ]);
  } finally {
    await bench.close();
  }
});
