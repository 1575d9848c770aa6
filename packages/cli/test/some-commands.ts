import type { Command } from "@mainstay/sdk/commands";

export const ESC = "\u001b";
export const progress = {
  ...{ elapsed_ms: 72_000, wall_ms: 600_000, output_bytes: 3_400_000, percent: 45.6 },
  last_line: `Compiling${ESC}[2J serde`,
};
/** Its words try to mislead a terminal. */
export const running: Command = {
  ...{ id: "cmd_1", turn_id: "turn_1", session_id: "ses_1", workspace_id: "ws_1" },
  person: { id: "usr_1", name: "Ada" },
  ...{ step: 1, call_id: "call_1", intent: "see what fails", command: `npm test${ESC}\n  echo x` },
  ...{ background: true, state: "running", began_at: "2026-01-01T00:00:00.000Z", ended_at: null },
  ...{ wall_ms: 600_000, progress, stopped_by: null, outcome: null },
};
export const ended: Command = {
  ...running,
  ...{ state: "ended", ended_at: "2026-01-01T00:02:00.000Z", progress: null },
  outcome: {
    ...{
      ran: "ran",
      summary: "ran to its end: exit code 3 after 2 min",
      exit_code: 3,
      signal: null,
    },
    ...{ timed_out: false, cancelled: false, exceeded: null, duration_ms: 120_000 },
    ...{ output_bytes: 12, output_sha256: null },
  },
};
