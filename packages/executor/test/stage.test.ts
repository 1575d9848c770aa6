import { closeSync, mkdirSync, openSync, readlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { openProcessTable } from "../src/process-table.ts";
import { createSandbox, type SandboxSettings } from "../src/sandbox/sandbox.ts";
import type { Place } from "../src/sandbox/stage.ts";
import { scratchHome } from "./scratch.ts";

test("a stage that could not be set up is tried again", async () => {
  const home = scratchHome();
  const ripgrep_path = join(home, "rg");
  const sandbox = sandboxIn(home, { ripgrep_path });
  await expect(sandbox.stage()).rejects.toThrow(/ENOENT/);
  writeFileSync(ripgrep_path, "");
  expect(await sandbox.stage()).toMatchObject({ level: "shared_user" });
});

test.skipIf(process.getuid!() !== 0)(
  "a command's place is its own, also when its workspace is released meanwhile (not run without root)",
  async () => {
    const [home, path] = [scratchHome(), scratchHome()];
    mkdirSync(join(home, "exec"));
    const on = await sandboxIn(home, { is_root: true }).stage();
    const descriptor = openSync(path, "r");
    const owner = { uid: 0, gid: 0 };
    const folder = { id: "w", path, descriptor, owner, person_uid_number: 1 };
    await on.makeReady(folder);
    const placing = on.place(folder);
    await on.release(folder);
    const place = (await placing) as Extract<Place, { kind: "namespace" }>;
    expect(readlinkSync(`/proc/self/fd/${place.descriptor}`)).toMatch(/^mnt:/);
    for (const one of [place.descriptor, descriptor]) closeSync(one);
  },
);

function sandboxIn(home: string, settings: Partial<SandboxSettings>) {
  return createSandbox(
    {
      ...{ home, ripgrep_path: null, bubblewrap_path: "/nonexistent/bwrap", is_root: false },
      ...{ node_path: process.execPath, user_home: home, owner: userInfo(), time_zone: "UTC" },
      ...settings,
    },
    { processes: openProcessTable(() => {}), clock, log: () => {} },
  );
}
