import type { CommandEnd } from "@mainstay/executor/command";
import { expect, test } from "vitest";
import { tellingMismatch } from "../../src/execution/mismatch.ts";
import { reportCommand } from "../../src/tools/command-report.ts";

const exited: Extract<CommandEnd, { outcome: "exited" }> = {
  ...{ outcome: "exited", sandbox: "bubblewrap", exit_code: 0, signal: null, plan_digest: "a" },
  ...{ timed_out: false, cancelled: false, exceeded: null, network: [], duration_ms: 5 },
  ...{ output: "", output_bytes: 0, output_sha256: "0", output_truncated: false },
  notices: ["moved aside: .git/hooks"],
};

test("a command that was not the one agreed to is told as such to the model and the person", () => {
  expect(tellingMismatch(exited, "a")).toBe(exited);
  const { result, command } = reportCommand(tellingMismatch(exited, "b"), "", {
    workspace: "/srv/here",
    folders: [],
  });
  expect(result).toContain(
    "[NOT AS AGREED: what ran has the digest a, agreed was b; tell an admin]",
  );
  expect(result).toContain("[moved aside: .git/hooks]");
  expect(command?.executed_digest).toBe("a");
});

test("what did not run has no digest to differ", () => {
  const end: CommandEnd = { outcome: "not_started", why: "it was refused" };
  expect(tellingMismatch(end, "b")).toBe(end);
});
