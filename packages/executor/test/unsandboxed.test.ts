/** Commands without a sandbox, as an ordinary user: as root there are none. */
import { spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { launchExecutor } from "../src/launch.ts";

const NOBODY = 65534;
const scenario = fileURLToPath(new URL("unsandboxed.ts", import.meta.url));
const is_root = userInfo().uid === 0;
const as_user = { ...(is_root && { uid: NOBODY, gid: NOBODY }), cwd: "/" };

test("commands without a sandbox: all of one ends with it, and its end says what kept it", async ({
  skip,
}) => {
  const reads = spawnSync(process.execPath, ["--check", scenario], as_user);
  if (reads.status !== 0) return skip("NOT RUN: others may not read this clone (or its Node)");
  const base = mkdtempSync(join(tmpdir(), "mainstay-user-"));
  if (is_root) chownSync(base, NOBODY, NOBODY);
  try {
    const child = spawn(process.execPath, [scenario], {
      ...as_user,
      env: { TMPDIR: base, HOME: base },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (chunk) => (said += chunk));
    await new Promise((resolve) => child.once("close", resolve));
    const found = JSON.parse(said);
    expect(found.report).toMatchObject({
      available: true,
      level: "none",
      checks: [{ state: "open" }],
    });
    const uid = is_root ? NOBODY : userInfo().uid;
    expect(found.plain).toMatchObject({
      ...{ exit_code: 0, sandbox: "none", network: [] },
      output: `${uid}\n${found.workspace}\ngiven\n0\nc-1\n4\n`,
    });
    expect(found.wrote).toMatchObject({ exit_code: 3, sandbox: "none" });
    expect(found.kept).toBe("kept\n");
    expect(found.daemons.exit_code).toBe(0);
    expect(found.left).toEqual([]);
    // Four daemons, and the shell that names them.
    expect(found.before).toBeGreaterThanOrEqual(5);
    expect(found.cancelled).toMatchObject({ cancelled: true, signal: "SIGKILL" });
    expect(found.refused).toMatchObject({ state: "refused", code: "pin_changed" });
    expect(found.recovered).toMatchObject({
      ...{ state: "ended", end: { outcome: "interrupted", ran: "maybe" } },
    });
    expect(found.after).toEqual([]);
    expect(found).toMatchObject({
      replaced: true,
      sandboxed: { exit_code: 0, sandbox: "bubblewrap" },
    });
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});

test("as root no command runs without a sandbox", async ({ skip }) => {
  if (!is_root) return skip("NOT RUN: these tests do not run as root");
  const home = mkdtempSync(join(tmpdir(), "mainstay-root-"));
  try {
    const launched = launchExecutor({
      ...{ home, epoch: 1, node_path: process.execPath, ripgrep_path: null, clock },
      ...{ log: () => {}, unsandboxed: true },
    });
    await expect(launched).rejects.toThrow(/as root no command runs without a sandbox/);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
