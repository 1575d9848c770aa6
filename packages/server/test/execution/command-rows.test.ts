import { expect, test } from "vitest";
import { outcomeOf } from "../../src/execution/command-outcome.ts";
import { commandResource, type CommandRow } from "../../src/execution/command-rows.ts";

const exited = {
  ...{ outcome: "exited", exit_code: 0, signal: null, timed_out: false, cancelled: false },
  ...{ exceeded: null, duration_ms: 5, output_bytes: 0, output_sha256: "" },
};

const stopped = (outcome: object | null) => {
  const end = outcome === null ? null : outcomeOf(outcome as never, "cancelled by ada");
  const row = {
    ...{ id: "cmd_1", began_at: 0, ended_at: end === null ? null : 1, stopped_by: "usr_1" },
    ...{ stopper_name: "ada", outcome: end === null ? null : JSON.stringify(end) },
  };
  return commandResource(row as CommandRow, null).stopped_by;
};

test("who wanted a command to end is told while it runs, and where that is why it ended", () => {
  expect(stopped(null)).toBe("ada");
  expect(stopped({ ...exited, cancelled: true, exit_code: null })).toBe("ada");
  expect(stopped({ outcome: "not_started", why: "cancelled by ada" })).toBe("ada");
  expect(stopped(exited), "it ended by itself meanwhile").toBeNull();
  expect(stopped({ ...exited, timed_out: true, exit_code: null })).toBeNull();
});
