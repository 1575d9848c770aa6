import { spawnSync } from "node:child_process";
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openProcessTable } from "../src/process-table.ts";

const table = fileURLToPath(new URL("../src/process-table.ts", import.meta.url));

test("this process is found by what it was started with; a reused pid would not be", () => {
  const processes = openProcessTable(() => {});
  const self = processes.identify(process.pid);
  expect(self).not.toBeNull();
  expect(processes.isAlive(self!)).toBe(true);
  expect(processes.isAlive({ ...self!, starttime: "1" })).toBe(false);
  expect(processes.findByArgument((argument) => argument === process.argv[0])).toContainEqual(self);
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
