import type { CommandEnd } from "@mainstay/executor/command";
import { expect, test } from "vitest";
import { reportCommand } from "../../src/tools/command-report.ts";

const exited = (output: string, notices: string[] = []): CommandEnd => ({
  outcome: "exited",
  exit_code: 0,
  signal: null,
  timed_out: false,
  cancelled: false,
  exceeded: null,
  network: [],
  duration_ms: 240,
  output,
  output_bytes: output.length,
  output_sha256: "",
  output_truncated: false,
  notices,
  plan_digest: "",
  sandbox: "bubblewrap",
});
const resultOf = (end: CommandEnd) =>
  reportCommand(end, "nobody", { workspace: "/srv/here", folders: [] }).result;

test("output and ending stand on lines of their own, however the output ends", () => {
  expect(resultOf(exited("a\n"))).toBe("a\n[exit 0, 0.2 s]");
  expect(resultOf(exited("a\n\n"))).toBe("a\n\n[exit 0, 0.2 s]");
  expect(resultOf(exited("a"))).toBe("a\n[exit 0, 0.2 s]");
  expect(resultOf(exited("\n"))).toBe("\n[exit 0, 0.2 s]");
  expect(resultOf(exited(""))).toBe("[exit 0, 0.2 s, no output]");
});

test("what the executor undid is told with the result", () => {
  expect(resultOf(exited("a\n", ["removed .git/commondir", ".git is new"]))).toBe(
    "a\n[exit 0, 0.2 s]\n[removed .git/commondir]\n[.git is new]",
  );
});

test("a command that was killed with the server ran in part, and that is said with what it printed", () => {
  const why = "the server was stopped";
  const end = { outcome: "interrupted", ran: "partly", why, duration_ms: 2_780 } as const;
  expect(
    reportCommand({ ...end, output: "half\n" }, "", { workspace: "/srv/here", folders: [] }),
  ).toMatchObject({
    outcome: "cancelled",
    result: `half\n[killed after 2.8 s: ${why}; it ran in part]`,
    command: { outcome: "interrupted", cancelled: true, duration_ms: 2_780 },
  });
});

test("an interrupted command that certainly did not run is told as such, with its reason", () => {
  const why = "the executor died before it began";
  const end = { outcome: "interrupted", ran: "no", why } as const;
  expect(reportCommand(end, "nobody", { workspace: "/srv/here", folders: [] })).toMatchObject({
    outcome: "error",
    result: `The command did not run: ${why}`,
    command: { outcome: "not_started" },
  });
  expect(resultOf({ outcome: "interrupted", ran: "maybe", why })).toMatch(/^Outcome unknown/);
});
