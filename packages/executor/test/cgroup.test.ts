/** Against a folder that looks like a delegated group: the host of a test rarely has one to give. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
