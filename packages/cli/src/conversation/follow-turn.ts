/**
 * Follows one turn to its end while a person may be asked and may interrupt.
 *
 * F1. The events go on being read while a question is open: a decision made elsewhere takes the
 *     question back.
 * F2. Questions are asked one after another, in the journal's order.
 * F3. No promise is left behind: questions are withdrawn and awaited before this returns or throws.
 */
import type { BodyOf } from "@mainstay/sdk/events";
import type { DecideConsent, Withdrawal } from "./consent.ts";
import type { PatientClient } from "./patient-client.ts";
import type { TurnView } from "./turn-view.ts";

export type TurnEnd =
  | "done"
  | "failed"
  | "cancelled"
  /** It waits for a word of the person. */
  | "parked"
  /** It waits for a model. */
  | "unanswered"
  | "paused"
  | "later"
  | "left";

export interface Followed {
  end: TurnEnd;
  /** Something that the turn wanted to do was not agreed to. */
  refused: boolean;
  /** The approval that the person left for later. */
  later: string | undefined;
}

export interface FollowParts {
  client: Pick<PatientClient, "events">;
  view: Pick<TurnView, "show">;
  decideConsent: DecideConsent;
  /** The person pressed Ctrl-C at a question. */
  interrupt: () => void;
  /** Aborted when the person leaves; the turn goes on. */
  leave: AbortSignal;
}

/** Follows from the journal's event after number `after`; 0 is the start. */
export async function followTurn(
  turn_id: string,
  after: number,
  parts: FollowParts,
): Promise<Followed> {
  const consents = createConsents(parts);
  let end: TurnEnd | undefined;
  try {
    end = await untilEnd(turn_id, after, parts, consents);
  } finally {
    await consents.close();
  }
  const later = consents.later();
  return { end: end ?? (later ? "later" : "left"), refused: consents.refused(), later };
}

/** Undefined when it stopped before the turn's end. */
async function untilEnd(
  turn_id: string,
  after: number,
  { client, view, leave }: FollowParts,
  consents: Consents,
): Promise<TurnEnd | undefined> {
  const signal = AbortSignal.any([leave, consents.stopped]);
  for await (const event of client.events(turn_id, { after, signal })) {
    view.show(event);
    if (event.type === "approval_requested") consents.open(event.approval_id);
    if (event.type === "approval_decided") consents.settle(event);
    if (event.type === "parked") return parkedFor(event);
    if (event.type === "settled") return event.state;
  }
  return undefined;
}

function parkedFor({ pause, waits_for }: BodyOf<"parked">): TurnEnd {
  if (pause) return "paused";
  return waits_for === "person" ? "parked" : "unanswered";
}

type Consents = ReturnType<typeof createConsents>;

function createConsents({ decideConsent, interrupt }: FollowParts) {
  const stop = new AbortController();
  const withdrawals = new Map<string, AbortController>();
  const verdicts = new Map<string, BodyOf<"approval_decided">>();
  let asking: Promise<void> = Promise.resolve();
  let refused = false;
  let later: string | undefined;
  let failure: { fault: unknown } | undefined;

  const decide = async (approval_id: string, withdrawal: Withdrawal) => {
    if (withdrawal.signal.aborted) return;
    const consent = await decideConsent(approval_id, withdrawal);
    if (consent === "interrupted") interrupt();
    if (consent === "later") {
      later = approval_id;
      stop.abort();
    }
  };

  return {
    stopped: stop.signal,
    refused: () => refused,
    later: () => later,
    open(approval_id: string) {
      const withdrawal = new AbortController();
      withdrawals.set(approval_id, withdrawal);
      const verdict = () => verdicts.get(approval_id);
      asking = asking
        .then(() => decide(approval_id, { signal: withdrawal.signal, verdict }))
        .catch((fault: unknown) => {
          failure ??= { fault };
          stop.abort();
        });
    },
    /** Whoever decided it, here or elsewhere. */
    settle(decided: BodyOf<"approval_decided">) {
      if (decided.decision === "deny") refused = true;
      verdicts.set(decided.approval_id, decided);
      withdrawals.get(decided.approval_id)?.abort();
    },
    async close() {
      withdrawals.forEach((withdrawal) => withdrawal.abort());
      await asking;
      if (failure) throw failure.fault;
    },
  };
}
