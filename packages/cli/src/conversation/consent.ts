import { ProblemError } from "@mainstay/sdk/call";
import type { Approval, Decision } from "@mainstay/sdk/resources";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";
import { showApproval } from "./approval-card.ts";
import type { PatientClient } from "./patient-client.ts";

export type Consent =
  | "approved"
  | "denied"
  /** Left for later: the turn waits. */
  | "later"
  /** The person wants the turn to end. */
  | "interrupted"
  /** Somebody else decided first, or there is nothing left to decide. */
  | "settled";

/** Gets the decision on one approval and tells it to the server; `withdrawn` says that it is void. */
export type DecideConsent = (approval_id: string, withdrawn: AbortSignal) => Promise<Consent>;

interface ConsentParts {
  client: PatientClient;
  screen: Screen;
}

/** With a terminal: show it, and ask. */
export function askConsent({
  client,
  screen,
  asker,
}: ConsentParts & { asker: Asker }): DecideConsent {
  return async (approval_id, withdrawn) => {
    const approval = await pending(client, approval_id);
    if (!approval) return "settled";
    showApproval(screen, approval);
    const consent = await question(asker, screen, withdrawn);
    if (consent === "approved") return decide(client, approval_id, "approve", consent);
    if (consent === "denied") return decide(client, approval_id, "deny", consent);
    if (consent === "later") return decide(client, approval_id, "later", consent);
    return consent;
  };
}

/** Without a terminal nobody can be asked, so nothing waits for an answer that cannot come. */
export function denyConsent({ client, screen }: ConsentParts): DecideConsent {
  return async (approval_id) => {
    const approval = await pending(client, approval_id);
    if (!approval) return "settled";
    showApproval(screen, approval);
    screen.note(
      "Denied, because there is no terminal to ask on. Run it from a terminal, or let",
      "bad",
    );
    screen.note("commands run in the sandbox unasked: mainstay workspace add --trust", "bad");
    return decide(client, approval_id, "deny", "denied");
  };
}

async function pending(client: PatientClient, approval_id: string): Promise<Approval | undefined> {
  const approval = await client.approvals.get(approval_id);
  return approval.state === "pending" ? approval : undefined;
}

async function question(asker: Asker, screen: Screen, withdrawn: AbortSignal): Promise<Consent> {
  for (;;) {
    const reply = await asker.ask("  [a]pprove  [d]eny  [l]ater > ", withdrawn);
    if (reply.kind === "withdrawn") return "settled";
    if (reply.kind === "interrupted") return "interrupted";
    if (reply.kind === "ended") return "later";
    const word = reply.text.trim().toLowerCase();
    if (word === "a" || word === "approve") return "approved";
    if (word === "d" || word === "deny") return "denied";
    if (word === "l" || word === "later") return "later";
    screen.note("  Please type a, d or l.");
  }
}

async function decide(
  client: PatientClient,
  approval_id: string,
  decision: Decision["decision"],
  consent: Consent,
): Promise<Consent> {
  try {
    await tellDecision(client, approval_id, decision);
    return consent;
  } catch (fault) {
    if (isDecided(fault)) return "settled";
    throw fault;
  }
}

const states: Partial<Record<Decision["decision"], Approval["state"]>> = {
  approve: "approved",
  deny: "denied",
};

/**
 * Throws `approval_decided` where it was decided otherwise. That it was decided the same way is what
 * a repetition hears after its first answer was lost.
 */
export async function tellDecision(
  client: PatientClient,
  approval_id: string,
  decision: Decision["decision"],
): Promise<void> {
  try {
    await client.approvals.decide(approval_id, decision);
  } catch (fault) {
    if (!isDecided(fault)) throw fault;
    const { state } = await client.approvals.get(approval_id);
    if (state !== states[decision]) throw fault;
  }
}

const isDecided = (fault: unknown) =>
  fault instanceof ProblemError && fault.problem.code === "approval_decided";
