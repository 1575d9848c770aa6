import type { CommandEnd } from "@mainstay/executor/command";

/** As the executor bounds them. */
const NOTICES = 16;

/**
 * The executor tells the digest of the plan that it ran. Where it is not the planned one something got
 * round the gate, and whoever reads of the command's end is told.
 */
export function tellingMismatch(end: CommandEnd, planned_digest: string): CommandEnd {
  if (end.outcome !== "exited" || end.plan_digest === planned_digest) return end;
  const notice = `NOT AS AGREED: what ran has the digest ${end.plan_digest}, agreed was ${planned_digest}; tell an admin`;
  return { ...end, notices: [notice, ...end.notices].slice(0, NOTICES) };
}
