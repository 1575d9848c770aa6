import { ProblemError } from "@mainstay/sdk/call";
import type { Client, CreateOptions } from "@mainstay/sdk/client";
import { type Outage, type OutageParts, untilAnswered } from "@mainstay/sdk/outage";
import type { NewTurn, Turn } from "@mainstay/sdk/turn";
import { type ConnectionLineParts, createConnectionLine } from "./connection-line.ts";

export interface PatientParts extends OutageParts, ConnectionLineParts {
  client: Client;
}

/**
 * The calls of a conversation; they tell of a server that is away and wait for it. All of them are
 * safe to repeat: a request has its key, and what was cancelled or decided stays so.
 */
export interface PatientClient {
  turns: Pick<Client["turns"], "get" | "cancel"> & {
    create(turn: NewTurn, options: KeyedOptions): Promise<Turn>;
  };
  approvals: Pick<Client["approvals"], "get" | "decide">;
  me: Client["me"];
  events: Client["events"];
  /** It is being waited for. */
  isAway(): boolean;
}

type KeyedOptions = CreateOptions & { idempotency_key: string };

/** `leave` ends the waiting: what is being waited for rejects with its reason, and no loss is told. */
export function patientClient(parts: PatientParts, leave?: AbortSignal): PatientClient {
  const { turns, approvals, events } = parts.client;
  const { isLost, on_lost, on_back } = createConnectionLine(parts);
  const outage: Outage = {
    on_lost: (cause) => {
      if (!leave?.aborted) on_lost(cause);
    },
    on_back,
    ...(leave && { signal: leave }),
  };
  const patiently = <T>(run: () => Promise<T>) => untilAnswered(parts, run, outage);

  /** Where the answer was lost the turn may have ended by it: repeated, it finds nothing left to do. */
  function cancel(turn_id: string): Promise<Turn> {
    let tries = 0;
    return patiently(async () => {
      tries += 1;
      try {
        return await turns.cancel(turn_id);
      } catch (fault) {
        if (tries === 1 || !hasSettled(fault)) throw fault;
        return await turns.get(turn_id);
      }
    });
  }

  return {
    turns: {
      create: (turn, options) => patiently(() => turns.create(turn, options)),
      get: (turn_id) => patiently(() => turns.get(turn_id)),
      cancel,
    },
    approvals: {
      get: (approval_id) => patiently(() => approvals.get(approval_id)),
      decide: (approval_id, decision, how) =>
        patiently(() => approvals.decide(approval_id, decision, how)),
    },
    me: () => patiently(parts.client.me),
    events: (turn_id, options) => events(turn_id, { ...outage, ...options }),
    isAway: isLost,
  };
}

const hasSettled = (fault: unknown): boolean =>
  fault instanceof ProblemError && fault.problem.code === "turn_settled";
