import type { DenialCause } from "@mainstay/sdk/audit";
import { ProblemError } from "@mainstay/sdk/call";
import type { ProblemCode } from "@mainstay/sdk/problem";
import type { Approval, Decision } from "@mainstay/sdk/resources";
import { commandLine, oneLine } from "../terminal/escape.ts";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";
import { shellQuoted } from "../terminal/shell-quoted.ts";
import { showApproval } from "./approval-card.ts";
import { askChoice } from "./consent-question.ts";
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

/** A decision that was made elsewhere while a question was open. */
export interface Verdict {
  decision: "approve" | "deny";
  by: string;
  because?: DenialCause | undefined;
}

/** What takes a question back: the signal, with the verdict where that is the cause. */
export interface Withdrawal {
  signal: AbortSignal;
  verdict(): Verdict | undefined;
}

/** Gets the decision on one approval and tells it to the server. */
export type DecideConsent = (approval_id: string, withdrawal: Withdrawal) => Promise<Consent>;

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
  return async (approval_id, withdrawal) => {
    const approval = await client.approvals.get(approval_id);
    if (approval.state !== "pending") return decidedElsewhere(approval, screen);
    showApproval(screen, approval);
    let can_remember = approval.rule !== null;
    for (;;) {
      const choice = await askChoice(asker, screen, can_remember, withdrawal.signal);
      if (choice.kind === "interrupted" || choice.kind === "later") return choice.kind;
      if (choice.kind === "withdrawn") {
        const verdict = withdrawal.verdict();
        if (verdict) sayVerdict(screen, verdict, approval);
        return "settled";
      }
      try {
        return await decide(client, approval, choice, screen);
      } catch (fault) {
        if (!choice.remember || !isRefusal(fault, "rule_impossible")) throw fault;
        screen.note(`  ${fault.problem.detail}`, "bad");
        can_remember = false;
      }
    }
  };
}

/** Without a terminal nobody can be asked, so nothing waits for an answer that cannot come. */
export function denyConsent({ client, screen }: ConsentParts): DecideConsent {
  return async (approval_id) => {
    const approval = await client.approvals.get(approval_id);
    if (approval.state !== "pending") return decidedElsewhere(approval, screen);
    showApproval(screen, approval);
    const has_rule = approval.rule !== null;
    screen.note(
      `Not answered, because there is no terminal to ask on. Run it from a terminal${has_rule ? ", or" : "."}`,
      "bad",
    );
    if (has_rule)
      screen.note(
        `allow it from now on: mainstay rules add ${shellQuoted(approval.command)}`,
        "bad",
      );
    return decide(client, approval, { decision: "deny", because: "no_terminal" }, screen);
  };
}

function decidedElsewhere(approval: Approval, screen: Screen): Consent {
  const { state, decided_by, because } = approval;
  const decision = state === "approved" ? "approve" : "deny";
  sayVerdict(screen, { decision, by: decided_by ?? "nobody", because }, approval);
  return "settled";
}

/** `Ada approved it elsewhere: npm test` */
function sayVerdict(screen: Screen, verdict: Verdict, { command }: Approval): void {
  screen.note(`${verdictText(verdict)}: ${commandLine(command)}`);
}

export function verdictText({ decision, by, because }: Verdict): string {
  if (because === "no_terminal") return "Not answered elsewhere, where nobody could be asked";
  return `${oneLine(by)} ${decision === "approve" ? "approved" : "denied"} it elsewhere`;
}

async function decide(
  client: PatientClient,
  approval: Approval,
  decision: Decision,
  screen: Screen,
): Promise<Consent> {
  try {
    const told = await tellDecision(client, approval.id, decision);
    if (decision.remember && told === "now") screen.note(rememberedLine(approval), "dim");
    return decision.decision === "approve" ? "approved" : "denied";
  } catch (fault) {
    if (!isRefusal(fault, "approval_decided")) throw fault;
    return decidedElsewhere(await client.approvals.get(approval.id), screen);
  }
}

/** Decides what was left for later; where that was done meanwhile it says so, and by whom. */
export async function decideLeft(
  approval_id: string,
  decision: Decision,
  { client, screen }: ConsentParts,
): Promise<Consent> {
  const approval = await client.approvals.get(approval_id);
  if (approval.state === "pending") return decide(client, approval, decision, screen);
  screen.note("It was decided already.");
  return decidedElsewhere(approval, screen);
}

/** What the rule is, and where it is taken back. */
export const rememberedLine = ({ rule }: Approval): string =>
  `From now on it does not ask for ${oneLine(rule ?? "this", Infinity)}; see: mainstay rules`;

const states: Partial<Record<Decision["decision"], Approval["state"]>> = {
  approve: "approved",
  deny: "denied",
};

/**
 * Throws `approval_decided` where it was decided otherwise. That it was decided the same way, *before*,
 * is also what a repetition hears after its first answer was lost.
 */
async function tellDecision(
  client: PatientClient,
  approval_id: string,
  { decision, remember, because }: Decision,
): Promise<"now" | "before"> {
  try {
    await client.approvals.decide(approval_id, decision, {
      ...(remember && { remember }),
      ...(because && { because }),
    });
    return "now";
  } catch (fault) {
    if (!isRefusal(fault, "approval_decided")) throw fault;
    const { state } = await client.approvals.get(approval_id);
    if (state !== states[decision]) throw fault;
    return "before";
  }
}

const isRefusal = (fault: unknown, code: ProblemCode): fault is ProblemError =>
  fault instanceof ProblemError && fault.problem.code === code;
