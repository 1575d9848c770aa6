/**
 * Against a folder that looks like a delegated group, because the host of a test rarely has one to give;
 * where it has, against the kernel itself.
 */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openCgroups } from "../src/sandbox/cgroup.ts";

const OWN = "0::/system.slice/mainstay.service/mainstay-server\n";
const BOUNDS = { limit_bytes: 2 ** 30 };

function delegated({ controllers = "cpu memory pids" } = {}) {
  const mounted_at = mkdtempSync(join(tmpdir(), "mainstay-cgroup-"));
  onTestFinished(() => rmSync(mounted_at, { recursive: true }));
  const parent = join(mounted_at, "system.slice/mainstay.service");
  mkdirSync(parent, { recursive: true });
  writeFileSync(join(parent, "cgroup.controllers"), `${controllers}\n`);
  const told: string[] = [];
  const cgroups = openCgroups((text) => told.push(text), OWN, mounted_at);
  return { parent, told, cgroups, mounted_at };
}

test("a command gets a group of its own beside the server's, with bounds, before it goes", async () => {
  const { parent, cgroups } = delegated();
  const read = (file: string) => readFileSync(join(parent, file), "utf8");
  expect(read("cgroup.subtree_control")).toBe("+memory +pids");
  const group = await cgroups!.join("c-1", 42, BOUNDS);
  expect(read("command-c-1/memory.max")).toBe(String(2 ** 30));
  expect(read("command-c-1/memory.swap.max")).toBe("0");
  expect(read("command-c-1/memory.oom.group")).toBe("1");
  expect(read("command-c-1/pids.max")).toBe("1024");
  expect(read("command-c-1/cgroup.procs")).toBe("42");
  writeFileSync(join(parent, "command-c-1/memory.events"), "oom 3\noom_kill 0\n");
  expect(group!.leave()).toBeNull();
});

test("what the kernel ended for its memory says so", async () => {
  const { parent, cgroups } = delegated();
  const group = await cgroups!.join("c-1", 42, BOUNDS);
  writeFileSync(join(parent, "command-c-1/memory.events"), "oom 3\noom_kill 2\n");
  expect(group!.leave()).toMatchObject({ cause: "exceeded", bound: "memory" });
});

test("a group that cannot be made is told, and the command is held another way", async () => {
  const { parent, told, cgroups } = delegated();
  writeFileSync(join(parent, "command-c-1"), "in its place");
  expect(await cgroups!.join("c-1", 42, BOUNDS)).toBeNull();
  expect(told).toEqual([expect.stringMatching(/^no control group for c-1: EEXIST/)]);
});

test("no group is touched that was not given to us", () => {
  const { mounted_at } = delegated();
  const silent = () => expect.fail("nothing is wrong");
  for (const own of ["0::/system.slice/ssh.service\n", "0::/\n", "4:memory:/mainstay-server\n"]) {
    expect(openCgroups(silent, own, mounted_at)).toBeNull();
  }
});

test("without the controllers there are no groups, and that is told", () => {
  const { parent, told, cgroups } = delegated({ controllers: "hugetlb pids" });
  expect(cgroups).toBeNull();
  expect(told).toEqual([expect.stringContaining("no controller for memory")]);
  expect(existsSync(join(parent, "cgroup.subtree_control"))).toBe(false);
});

test("what a dead executor left goes at the next start", () => {
  const { parent, mounted_at } = delegated();
  mkdirSync(join(parent, "command-old"));
  mkdirSync(join(parent, "another"));
  openCgroups(() => {}, OWN, mounted_at);
  expect(existsSync(join(parent, "command-old"))).toBe(false);
  expect(existsSync(join(parent, "another"))).toBe(true);
});

/** A new group below the root of all, with both controllers; null where the host has none to give. */
function realGroup(): string | null {
  const name = `mainstay-test-${process.pid}`;
  const path = join("/sys/fs/cgroup", name);
  try {
    const offered = readFileSync("/sys/fs/cgroup/cgroup.subtree_control", "utf8").split(/\s+/);
    if (!offered.includes("memory") || !offered.includes("pids")) return null;
    mkdirSync(path);
  } catch {
    return null;
  }
  onTestFinished(() => rmdirSync(path));
  return name;
}

test("the kernel ends a command that goes past its group's memory", async ({ skip }) => {
  const name = realGroup();
  if (name === null) return skip("NOT RUN: no cgroup v2 with memory and pids is ours to write");
  const told: string[] = [];
  const cgroups = openCgroups((text) => told.push(text), `0::/${name}/mainstay-server\n`);
  const hog = "read go; exec perl -e 'my $x = \"\"; vec($x, 128 << 20, 8) = 1'";
  const child = spawn("/bin/sh", ["-c", hog], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  const group = await cgroups!.join("c-1", child.pid!, { limit_bytes: 64 * 2 ** 20 });
  child.stdin.end("go\n");
  expect(await ended).toBe("SIGKILL");
  expect(group!.leave()).toMatchObject({ cause: "exceeded", bound: "memory" });
  expect(existsSync(join("/sys/fs/cgroup", name, "command-c-1"))).toBe(false);
  expect(told).toEqual([]);
});
