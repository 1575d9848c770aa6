/** What a client was promised, and what became of it. */
import { isAway } from "@mainstay/sdk/outage";
import { ProblemError } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { Problem } from "@mainstay/sdk/problem";
import type { Turn } from "@mainstay/sdk/turn";

const AT_ONCE = 8;

export type Heard =
  | { readonly heard: "accepted"; readonly turn: Turn }
  | { readonly heard: "refused"; readonly problem: Problem }
  /** No answer came: it may have been taken in. */
  | { readonly heard: "nothing" };

export interface Promises {
  /** Sends a message under a key of its own; the same message again is the same request. */
  ask(client: Client, message: string, workspace?: string): Promise<Heard>;
  acknowledged(): number;
  /** Asks again for what got no answer, waits until all have ended, and says what was not kept. */
  broken(client: Client): Promise<string[]>;
}

/** `answerTo` is what the model answers to a message. */
export function createPromises(answerTo: (message: string) => string): Promises {
  const accepted = new Map<string, string>();
  const unanswered = new Map<string, string | undefined>();
  const twice: string[] = [];

  async function ask(client: Client, message: string, workspace?: string): Promise<Heard> {
    unanswered.set(message, workspace);
    try {
      const request = { message, ...(workspace !== undefined && { workspace }) };
      const turn = await client.turns.create(request, { idempotency_key: keyOf(message) });
      unanswered.delete(message);
      const earlier = accepted.get(message) ?? turn.id;
      if (earlier !== turn.id) twice.push(`"${message}" is ${earlier} and ${turn.id}`);
      accepted.set(message, turn.id);
      return { heard: "accepted", turn };
    } catch (fault) {
      if (fault instanceof ProblemError) return { heard: "refused", problem: fault.problem };
      if (isAway(fault)) return { heard: "nothing" };
      throw fault;
    }
  }

  async function faultsOf(client: Client, message: string, turn_id: string): Promise<string[]> {
    const found = await client.turns.get(turn_id).catch(refusal);
    if (typeof found === "string") return [`${turn_id} is lost: ${found}`];
    const turn = await ended(client, found);
    if (turn.message !== message) return [`${turn_id} has the message "${turn.message}"`];
    if (turn.state !== "done") return [`${turn_id} is ${turn.state}`];
    return turn.answer === answerTo(message) ? [] : [`${turn_id} has the answer "${turn.answer}"`];
  }

  return {
    ask,
    acknowledged: () => accepted.size,
    async broken(client) {
      for (const [message, workspace] of unanswered) await ask(client, message, workspace);
      const faults: string[] = [];
      const rest = accepted.entries();
      const check = async () => {
        for (const [message, turn_id] of rest)
          faults.push(...(await faultsOf(client, message, turn_id)));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, check));
      return [...twice, ...faults];
    },
  };
}

function refusal(fault: unknown): string {
  if (fault instanceof ProblemError) return fault.message;
  throw fault;
}

/** Messages differ in how they begin. */
const keyOf = (message: string): string => message.slice(0, 60);

async function ended(client: Client, turn: Turn): Promise<Turn> {
  if (turn.settled_at !== null) return turn;
  for await (const _ of client.events(turn.id)) continue;
  return await client.turns.get(turn.id);
}
