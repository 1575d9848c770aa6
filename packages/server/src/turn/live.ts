import type { LiveEvent } from "@mainstay/sdk/events";

const TEXT_LIMIT_CHARS = 1_000_000;

type Snapshot = Extract<LiveEvent, { type: "snapshot" }>;
export type LiveListener = (event: LiveEvent) => void;

/**
 * Live text of running turns: what is too fleeting for the journal. It is lost with the process; a
 * client that connects gets a snapshot of the running attempt first.
 */
export interface Live {
  /** A new attempt begins: the text of earlier ones does not count. */
  begin(turn_id: string, step: number, attempt: number): void;
  text(turn_id: string, text: string): void;
  tell(turn_id: string, event: LiveEvent): void;
  /** The step's text is in the journal now. */
  end(turn_id: string): void;
  snapshot(turn_id: string): Snapshot | null;
  subscribe(turn_id: string, listener: LiveListener): () => void;
}

export function createLive(): Live {
  const attempts = new Map<string, Snapshot>();
  const listeners = new Map<string, Set<LiveListener>>();

  function tell(turn_id: string, event: LiveEvent): void {
    for (const listener of listeners.get(turn_id) ?? []) listener(event);
  }

  return {
    tell,
    begin(turn_id, step, attempt) {
      attempts.set(turn_id, { type: "snapshot", step, attempt, text: "" });
    },
    text(turn_id, text) {
      const now = attempts.get(turn_id);
      if (now === undefined || now.text.length > TEXT_LIMIT_CHARS) return;
      const { step, attempt } = now;
      tell(turn_id, { type: "delta", step, attempt, offset: now.text.length, text });
      now.text += text;
    },
    end: (turn_id) => void attempts.delete(turn_id),
    snapshot(turn_id) {
      const now = attempts.get(turn_id);
      return now === undefined ? null : { ...now };
    },
    subscribe(turn_id, listener) {
      const of = listeners.get(turn_id) ?? new Set();
      listeners.set(turn_id, of.add(listener));
      return () => {
        of.delete(listener);
        if (of.size === 0) listeners.delete(turn_id);
      };
    },
  };
}
