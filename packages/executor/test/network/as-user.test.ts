/** Commands with a network as an ordinary user, when the suite itself runs as root. */
import { spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { registryOf } from "./registry.ts";

const NOBODY = 65534;
const scenario = fileURLToPath(new URL("as-user.ts", import.meta.url));
const as_nobody = { uid: NOBODY, gid: NOBODY, cwd: "/", encoding: "utf8" } as const;

test("an ordinary user's commands have the same network", ({ skip }) => {
  if (userInfo().uid !== 0) return skip("NOT RUN: the other tests run as this user already");
  const reads = spawnSync(process.execPath, ["--check", scenario], as_nobody);
  if (reads.status !== 0) return skip("NOT RUN: others may not read this clone (or its Node)");
  const base = mkdtempSync(join(tmpdir(), "mainstay-user-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  chownSync(base, NOBODY, NOBODY);
  const registry = registryOf();
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [scenario, ...(registry === null ? [] : [registry.href])],
    { ...as_nobody, env: { TMPDIR: base, HOME: base } },
  );
  expect(stdout, stderr).toMatch(/^\{/);
  const { refused, uids, seen, installed } = JSON.parse(stdout);
  expect(refused.output).toContain("mainstay: one.example.org:80: not on the list");
  expect(refused.network).toMatchObject([{ host: "one.example.org", port: 80 }]);
  expect(uids).toBe([NOBODY, NOBODY, NOBODY, NOBODY].join("\t"));
  expect(seen.output).toMatch(/network\.sock/);
  expect(seen.output.match(/cannot access/g)).toHaveLength(2); // the home and /net
  if (installed === null) return skip("NOT RUN: npm's registry cannot be reached");
  expect([installed.exit_code, installed.output]).toEqual([0, expect.stringMatching(/^is-odd$/m)]);
  expect(installed.network).toMatchObject([{ host: registry!.hostname, refused: null }]);
});
