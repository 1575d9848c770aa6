import type { CommandEnd } from "@mainstay/executor/command";
import type { CommandOutcome } from "@mainstay/sdk/commands";

type Exited = Extract<CommandEnd, { outcome: "exited" }>;
type Interrupted = Extract<CommandEnd, { outcome: "interrupted" }>;

/**
 * How far a command got and how it ended, in words on one line. Pure.
 *
 * @param why_killed who or what wanted a cancelled one to end
 */
export function outcomeOf(end: CommandEnd, why_killed: string): CommandOutcome {
  switch (end.outcome) {
    case "exited":
      return exited(end, why_killed);
    case "interrupted":
      if (end.ran === "no") return neverStarted(end.why);
      if (end.ran === "partly") return broken(end);
      return { ...nothingKnown, ran: "unknown", summary: `outcome unknown: ${end.why}` };
    case "not_started":
      return neverStarted(end.why);
  }
}

/** The executor killed it because it had to end itself. */
function broken({ why, duration_ms }: Interrupted): CommandOutcome {
  const after = duration_ms === undefined ? "" : ` after ${secondsOf({ duration_ms })}`;
  const summary = `killed${after}: ${why}; it ran in part`;
  return { ...nothingKnown, ran: "partly", duration_ms: duration_ms ?? null, summary };
}

function exited(end: Exited, why_killed: string): CommandOutcome {
  const { exit_code, signal, timed_out, cancelled, exceeded } = end;
  const { duration_ms, output_bytes, output_sha256 } = end;
  const was_killed = cancelled || timed_out || exceeded !== null || exit_code === null;
  return {
    ran: was_killed ? "partly" : "ran",
    summary: was_killed ? `${killing(end, why_killed)}; it ran in part` : exitOf(end),
    ...{ exit_code, signal, timed_out, cancelled, exceeded },
    ...{ duration_ms, output_bytes, output_sha256 },
  };
}

const exitOf = ({ exit_code, output_bytes, ...end }: Exited): string =>
  `exit ${exit_code}, ${secondsOf(end)}${output_bytes === 0 ? ", no output" : ""}`;

function killing(end: Exited, why_killed: string): string {
  const after = `after ${secondsOf(end)}`;
  if (end.cancelled) return `killed ${after}: ${why_killed}`;
  if (end.timed_out) return `killed: time limit reached ${after}`;
  if (end.exceeded !== null) return exceeding[end.exceeded];
  return `killed by ${end.signal ?? "a signal"} ${after}`;
}

const exceeding = {
  output: "killed: it wrote more output than any command may",
  memory: "killed: it took more memory than commands may",
  disk: "killed: it filled the disk",
};

const secondsOf = ({ duration_ms }: { readonly duration_ms: number }): string =>
  `${(duration_ms / 1000).toFixed(1)} s`;

const nothingKnown = {
  exit_code: null,
  signal: null,
  timed_out: false,
  cancelled: false,
  exceeded: null,
  duration_ms: null,
  output_bytes: null,
  output_sha256: null,
};

const neverStarted = (why: string): CommandOutcome => ({
  ...nothingKnown,
  ran: "never_started",
  summary: `it did not run: ${why}`,
});
