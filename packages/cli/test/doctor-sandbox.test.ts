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
}, 60_000);

test("what a probe found stands below its area, with the fix", () => {
  const held = {
    area: "mounts",
    name: "a",
    ok: true,
    ran: true,
    detail: "nothing found",
    fix: null,
  };
  const open = { area: "network", name: "b", ok: false, ran: true, detail: "lo", fix: "close it" };
  const unknown = { ...held, area: "network", name: "c", ran: false, detail: "no perl" };
  let said = "";
  const output = { write: (text: string) => void (said += text) };
  const screen = createScreen({ stdout: output, stderr: output, colors: false });
  showProbes({ available: false, level: "none", checks: [held, open, unknown] }, screen);
  expect(said.split("\n")).toEqual([
    "ok    mounts        1 of 1",
    "FAIL  network       0 of 2",
    "      b: lo",
    "      → close it",
    "      c: no perl",
    "1 of 3 probes found no way out. No command would run here.",
    "",
  ]);
});
