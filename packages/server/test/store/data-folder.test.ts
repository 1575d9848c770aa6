import { spawn } from "node:child_process";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataFolderRefused, openDataFolder } from "../../src/store/data-folder.ts";
import { DataFolderBusy } from "../../src/store/folder-lock.ts";
import { networkFileSystem } from "../../src/store/network-file-system.ts";

let scratch: string;
let home: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "mainstay-folder-"));
  home = join(scratch, "deep", "home");
});
afterEach(() => rm(scratch, { recursive: true }));

const at = (now_s: number) => ({ ...systemClock, now: () => now_s * 1000 });
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

async function incarnationAt(now_s: number): Promise<number> {
  const folder = await openDataFolder(home, at(now_s));
  folder.release();
  return folder.incarnation;
}

test("the folder and all in it are for its owner alone", async () => {
  const folder = await openDataFolder(home, systemClock);
  expect(await modeOf(home)).toBe("700");
  const files = await readdir(home);
  expect(files).toEqual(expect.arrayContaining(["lock.db", "lock.pid", "mainstay.db"]));
  for (const file of files) expect(await modeOf(join(home, file))).toBe("600");
  folder.release();
});

test("one holder at a time, in one process too; release lets the next in", async () => {
  const folder = await openDataFolder(home, systemClock);
  for (let tries = 0; tries < 2; tries++) {
    await expect(openDataFolder(home, systemClock)).rejects.toThrow(DataFolderBusy);
  }
  await expect(openDataFolder(home, systemClock)).rejects.toThrow(`pid ${process.pid}`);
  folder.release();
  folder.release();
  (await openDataFolder(home, systemClock)).release();
});

test("a holder that is stopped is named as such, with what to do", async () => {
  const folder = await openDataFolder(home, systemClock);
  const stopped = spawn("sh", ["-c", "kill -STOP $$"]);
  await stateOf(stopped.pid!, "T");
  await writeFile(join(home, "lock.pid"), `${stopped.pid}\n`);
  await expect(openDataFolder(home, systemClock)).rejects.toThrow(`kill -CONT ${stopped.pid}`);
  stopped.kill("SIGKILL");
  folder.release();
});

async function stateOf(pid: number, state: string): Promise<void> {
  while (
    !new RegExp(`^State:\\s+${state}`, "m").test(await readFile(`/proc/${pid}/status`, "utf8"))
  )
    await systemClock.sleep(5);
}

test("the incarnation rises when the clock stands, steps back, or lock.db is lost", async () => {
  const seen = [await incarnationAt(1000), await incarnationAt(1000), await incarnationAt(10)];
  await rm(join(home, "lock.db"));
  seen.push(await incarnationAt(2000));
  expect(seen).toEqual([1000, 1001, 1002, 2000]);
});

test("a folder that others can write is refused with the fix", async () => {
  await mkdir(home, { recursive: true });
  for (const mode of [0o770, 0o702]) {
    await chmod(home, mode);
    await expect(openDataFolder(home, systemClock)).rejects.toThrow(`chmod go-w ${home}`);
  }
  await chmod(home, 0o755);
  (await openDataFolder(home, systemClock)).release();
});

test.runIf(userInfo().uid === 0)("a folder of another user is refused", async () => {
  await mkdir(home, { recursive: true });
  await chown(home, 12345, 12345);
  await expect(openDataFolder(home, systemClock)).rejects.toThrow("belongs to uid 12345");
  expect(await readdir(home)).toEqual([]);
});

test("a folder that cannot be made or written is refused", async () => {
  await expect(openDataFolder("/proc/mainstay", systemClock)).rejects.toThrow(DataFolderRefused);
  await expect(openDataFolder("/dev/null/x", systemClock)).rejects.toThrow("cannot be made");
  await expect(openDataFolder("/proc/self", systemClock)).rejects.toThrow("cannot be written");
});

test("network file systems are told from local ones", () => {
  expect(networkFileSystem(0x6969)).toBe("NFS");
  expect(networkFileSystem(0xff534d42)).toBe("CIFS");
  expect(networkFileSystem(0xff534d42 | 0)).toBe("CIFS");
  expect(networkFileSystem(0x01021997)).toBe("9p");
  expect(networkFileSystem(0x65735546)).toMatch("FUSE");
  const local = { ext4: 0xef53, btrfs: 0x9123683e, xfs: 0x58465342, tmpfs: 0x01021994 };
  for (const type of Object.values(local)) expect(networkFileSystem(type)).toBeNull();
});
