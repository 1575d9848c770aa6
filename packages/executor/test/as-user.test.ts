/** The whole chain as an ordinary user, when the suite itself runs as root. */
import { spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** As in many containers, with no entry in /etc/passwd. */
const NAMELESS = 12_345;
const scenario = fileURLToPath(new URL("as-user.ts", import.meta.url));
const as_nameless = { uid: NAMELESS, gid: NAMELESS, cwd: "/" };

test("an ordinary user's executor: same sandbox, that user's uid", async ({ skip }) => {
  if (userInfo().uid !== 0) return skip("NOT RUN: the other tests run as this user already");
  const reads = spawnSync(process.execPath, ["--check", scenario], as_nameless);
  if (reads.status !== 0) return skip("NOT RUN: others may not read this clone (or its Node)");
  const base = mkdtempSync(join(tmpdir(), "mainstay-user-"));
  chownSync(base, NAMELESS, NAMELESS);
  try {
    const child = spawn(process.execPath, [scenario], {
      ...as_nameless,
      env: { TMPDIR: base, HOME: base },
      // The sixth is left open on purpose: commands must not get it.
      stdio: ["ignore", "pipe", "inherit", "ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stdout!.on("data", (chunk) => (said += chunk));
    await new Promise((resolve) => child.once("close", resolve));
    const found = JSON.parse(said);
    expect(found.report).toMatchObject({ available: true, level: "shared_user" });
    expect(new Set(found.host_uids)).toEqual(new Set([String(NAMELESS)]));
    // `wc` sees 0, 1, 2 and its own view of the folder: nothing inherited.
    expect(found.wrote).toMatchObject({ exit_code: 0, output: "1000\nmine\n4\n" });
    expect(found.reopened.output).toMatch(/^reopened\n.*not permitted\n$/s);
    expect(found.closed.notices).toEqual([
      expect.stringMatching(/is new/),
      expect.stringMatching(/^removed \.git\/commondir/),
    ]);
    expect(found.held.output).toMatch(/^agreed\n.*Read-only file system\n4\n$/);
    expect(found.opened.output).toMatch(/^theirs\n.*Read-only file system\n$/);
    expect(found.refused).toMatchObject({ state: "refused", code: "pin_changed" });
    expect(found.owner).toBe(NAMELESS);
    expect(found.daemon.exit_code).toBe(0);
    expect(found.left).toEqual([]);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});
