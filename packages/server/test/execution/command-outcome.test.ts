import type { CommandEnd } from "@mainstay/executor/command";
import { expect, test } from "vitest";
import { outcomeOf } from "../../src/execution/command-outcome.ts";

const exited: CommandEnd = {
  outcome: "exited",
  exit_code: 0,
  signal: null,
  timed_out: false,
  cancelled: false,
  exceeded: null,
  duration_ms: 3_210,
  output: "",
  output_bytes: 0,
  output_sha256: "0".repeat(64),
  output_truncated: false,
  notices: [],
  plan_digest: "",
  network: [],
  sandbox: "bubblewrap",
};
const killed = { ...exited, exit_code: null, signal: "SIGKILL" };
const why = "the machine went down";

test.each<[string, CommandEnd, string, string]>([
  ["ran to its end", exited, "ran", "exit 0, 3.2 s, no output"],
  ["ran and failed", { ...exited, exit_code: 2, output_bytes: 1 }, "ran", "exit 2, 3.2 s"],
  [
    "was stopped",
    { ...killed, cancelled: true },
    "partly",
    "killed after 3.2 s: cancelled by Ada; it ran in part",
  ],
  [
    "ran out of time",
    { ...killed, timed_out: true },
    "partly",
    "killed: time limit reached after 3.2 s; it ran in part",
  ],
  [
    "went past a bound",
    { ...killed, exceeded: "memory" },
    "partly",
    "killed: it took more memory than commands may; it ran in part",
  ],
  ["was killed by itself", killed, "partly", "killed by SIGKILL after 3.2 s; it ran in part"],
  [
    "may have run",
    { outcome: "interrupted", ran: "maybe", why },
    "unknown",
    `outcome unknown: ${why}`,
  ],
  [
    "ended with its executor",
    {
      ...{ outcome: "interrupted", ran: "partly", why: "the server was stopped" },
      duration_ms: 2_780,
    },
    "partly",
    "killed after 2.8 s: the server was stopped; it ran in part",
  ],
  [
    "was interrupted before it began",
    { outcome: "interrupted", ran: "no", why },
    "never_started",
    `it did not run: ${why}`,
  ],
  ["never started", { outcome: "not_started", why }, "never_started", `it did not run: ${why}`],
])("of a command that %s it is said plainly", (_, end, ran, summary) => {
  expect(outcomeOf(end, "cancelled by Ada")).toMatchObject({ ran, summary });
});
