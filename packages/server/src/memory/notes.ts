import type { ModelMessage } from "../kernel/model.ts";
import type { Note } from "../store/session-notes.ts";

/** A turn of the past; what is damaged does not say when it was asked. */
export interface Past {
  readonly asked_at: number | null;
  readonly messages: readonly ModelMessage[];
}

/**
 * Each note stands before the turn that was asked next after it, what is newer than all of them
 * before the turn that asks now. What is older than what is remembered is left out with it.
 */
export function withNotes(turns: readonly Past[], notes: readonly Note[]): ModelMessage[] {
  const first_ms = turns.find(({ asked_at }) => asked_at !== null)?.asked_at ?? 0;
  const left = notes.filter(({ at }) => at >= first_ms);
  const messages = turns.flatMap((turn) => {
    const until = turn.asked_at ?? 0;
    const count = left.findIndex(({ at }) => at > until);
    return [
      ...left.splice(0, count === -1 ? left.length : count).map(noteMessage),
      ...turn.messages,
    ];
  });
  return [...messages, ...left.map(noteMessage)];
}

const noteMessage = ({ text }: Note): ModelMessage => ({
  role: "user",
  text: `[A note of Mainstay, not of the person]\n${text}`,
});
