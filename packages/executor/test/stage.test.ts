import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { openProcessTable } from "../src/process-table.ts";
import { createSandbox } from "../src/sandbox/sandbox.ts";

test("a stage that could not be set up is tried again", async () => {
  const home = mkdtempSync(join(tmpdir(), "mainstay-stage-"));
  try {
    const ripgrep_path = join(home, "rg");
    const sandbox = createSandbox(
      {
        ...{ home, ripgrep_path, bubblewrap_path: "/nonexistent/bwrap" },
        ...{
          node_path: process.execPath,
          is_root: false,
          owner: userInfo(),
          user_home: home,
          time_zone: "UTC",
        },
      },
      { processes: openProcessTable(() => {}), clock, log: () => {} },
    );
    await expect(sandbox.stage()).rejects.toThrow(/ENOENT/);
    writeFileSync(ripgrep_path, "");
    expect(await sandbox.stage()).toMatchObject({ level: "shared_user" });
  } finally {
    rmSync(home, { recursive: true });
  }
});
