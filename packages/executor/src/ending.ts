import type { CommandEnd } from "./command.ts";
import type { NetworkUse } from "@mainstay/sdk/network";
import type { KeptOutput } from "./output.ts";
import type { Halt, Outcome } from "./supervise.ts";
import { planDigest, type Plan } from "./ticket.ts";

interface Told {
  notices: string[];
  network: NetworkUse[];
  sandbox: "bubblewrap" | "none";
}

/** What is told of a command that the executor saw to its end. */
export function endOf(
  plan: Plan,
  outcome: Outcome,
  { notices, network, sandbox }: Told,
): CommandEnd {
  const { halt } = outcome;
  if (outcome.result === "not_started") {
    if (halt?.cause === "interrupted") {
      return { outcome: "interrupted", ran: "no", why: halt.why };
    }
    const why = halt === null ? outcome.why : `${halt.cause} before it began`;
    return { outcome: "not_started", why };
  }
  if (!outcome.gone) {
    const why = "its processes were killed but do not die (waiting for a device or file system?)";
    return brokenOff("maybe", halt?.cause === "interrupted" ? `${halt.why}; ${why}` : why, outcome);
  }
  if (halt?.cause === "interrupted") return brokenOff("partly", halt.why, outcome);
  return {
    outcome: "exited",
    exit_code: outcome.exit_code,
    signal: halt === null ? null : "SIGKILL",
    timed_out: halt?.cause === "timed_out",
    cancelled: halt?.cause === "cancelled",
    exceeded: halt?.cause === "exceeded" ? halt.bound : null,
    duration_ms: outcome.duration_ms,
    output: outcome.output,
    output_bytes: outcome.output_bytes,
    output_sha256: outcome.output_sha256,
    output_truncated: outcome.output_truncated,
    notices: told(halt, notices),
    plan_digest: planDigest(plan),
    network,
    sandbox,
  };
}

/** At most 16, why it was killed first. */
const told = (halt: Halt | null, notices: string[]): string[] =>
  [...(halt?.cause === "exceeded" ? [`it was killed: ${halt.why}`] : []), ...notices].slice(0, 16);

const brokenOff = (
  ran: "partly" | "maybe",
  why: string,
  { output, output_truncated, duration_ms }: KeptOutput & { duration_ms: number },
): CommandEnd => ({
  ...{ outcome: "interrupted", ran, why, duration_ms },
  ...{ output, output_truncated },
});
