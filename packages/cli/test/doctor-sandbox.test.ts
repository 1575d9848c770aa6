import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { showProbes } from "../src/commands/doctor-sandbox.ts";
import { createScreen } from "../src/terminal/screen.ts";
import { runCli } from "./run-cli.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mainstay-doctor-test-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("doctor --sandbox runs all probes, deep ones too, and counts them by area", async () => {
  const env = { MAINSTAY_HOME: home };
  const run = runCli(["doctor", "--sandbox", "--json"], { env, cwd: home });
  run.closesInput();
  expect(await run.exits()).toBe(0);
  const { ok, level, checks } = JSON.parse(run.stdout());
  expect({ ok, level }).toMatchObject({ ok: true, level: expect.stringMatching(/per_|shared_/) });
  expect(checks.length).toBeGreaterThanOrEqual(150);
  expect(checks.some(({ area }: { area: string }) => area === "bounds")).toBe(true);
});

test("what a probe found stands below its area, with the fix", () => {
  const held = {
    area: "mounts",
    name: "a",
    state: "held",
    detail: "nothing found",
    fix: null,
  } as const;
  const network = { area: "network", detail: "lo" };
  const open = { ...network, name: "b", state: "open", fix: "close it" } as const;
  const not_run = { ...network, name: "c", state: "not_run", fix: "install perl" } as const;
  let said = "";
  const output = { write: (text: string) => void (said += text) };
  const screen = createScreen({ stdout: output, stderr: output, colors: false });
  showProbes({ available: false, level: "none", checks: [held, open, not_run] }, screen);
  expect(said.split("\n")).toEqual([
    "ok    mounts        1 of 1",
    "FAIL  network       0 of 2, 1 not run",
    "      b: lo",
    "      → close it",
    "1 not run: install perl",
    "1 of 3 probes found no way out. No command would run here.",
    "",
  ]);
});
