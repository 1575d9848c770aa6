import { spawn, spawnSync } from "node:child_process";
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { MARKER, markedTree } from "../src/marked-tree.ts";
import { openProcessTable, type ProcessIdentity } from "../src/process-table.ts";

const table = fileURLToPath(new URL("../src/process-table.ts", import.meta.url));

test("this process is found by what it was started with; a reused pid would not be", () => {
  const processes = openProcessTable(() => {});
  const self = processes.identify(process.pid);
  expect(self).not.toBeNull();
  expect(processes.isAlive(self!)).toBe(true);
  expect(processes.isAlive({ ...self!, starttime: "1" })).toBe(false);
  expect(processes.findByArgument((argument) => argument === process.argv[0])).toContainEqual(self);
});

const LOOKS = 100;
/** Becomes itself again and again. */
const AGAIN = "exec($^X, '-e', $ENV{AGAIN})";

test("a process that execs all the time has its variable at each look, or is said to be at it", async () => {
  const value = `veiled-${process.pid}`;
  const child = spawn("perl", ["-e", AGAIN], { env: { [MARKER]: value, AGAIN }, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const isIt = ({ pid }: ProcessIdentity) => pid === child.pid;
  const processes = openProcessTable(() => {});
  const seen = new Set<string | null | undefined>();
  for (let count = 0; count < LOOKS; count += 1) {
    const found = [...processes.findByVariable(MARKER)];
    seen.add(found.find(([, all]) => all.some(isIt))?.[0]);
  }
  expect(seen).toContain(value);
  expect(seen).not.toContain(undefined);
});

test("a command has not gone while one that began after it shows nothing of itself", () => {
  const processes = openProcessTable(() => expect.fail("nobody is killed"));
  const of = (starttime: string) => ({ pid: 2 ** 22 + 1, starttime, boot_id: processes.boot_id });
  const veiled = { ...processes, findByVariable: () => new Map([[null, [of("7")]]]) };
  const tree = markedTree(veiled, "c");
  tree.kill(of("6"));
  expect([tree.isAlive(of("6")), tree.isAlive(of("8"))]).toEqual([true, false]);
});

test("where /proc hides other users' processes they are none of ours", ({ skip }) => {
  if (userInfo().uid !== 0) return skip("NOT RUN: only root can mount /proc with hidepid");
  const look = `
    const { openProcessTable } = await import(${JSON.stringify(table)});
    const processes = openProcessTable(() => {});
    const found = processes.findByArgument((argument) => argument === "hidden-look").map(({ pid }) => pid);
    console.log(JSON.stringify([processes.identify(1), found.includes(process.pid)]));`;
  const as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const node = [process.execPath, "--input-type=module", "-e", look, "hidden-look"];
  const script = `
    hide='mount -t proc -o hidepid=1 proc /proc && exec "$@"'
    exec unshare --mount --propagation private sh -c "$hide" sh "$@"`;
  const seen = spawnSync("/bin/sh", ["-c", script, "sh", ...as_nobody, ...node], {
    cwd: "/",
    encoding: "utf8",
  });
  if (/Cannot find module|EACCES.*open.*process-table/.test(seen.stderr)) {
    return skip("NOT RUN: others may not read this clone (or its Node)");
  }
  expect(seen).toMatchObject({ stdout: "[null,true]\n" });
});
