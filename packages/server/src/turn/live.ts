import type { CommandProgress } from "@mainstay/sdk/commands";
import type { LiveEvent } from "@mainstay/sdk/events";
import { growTail } from "./output-tail.ts";

const TEXT_LIMIT_CHARS = 1_000_000;

type Snapshot = Extract<LiveEvent, { type: "snapshot" }>;
type Output = Extract<LiveEvent, { type: "output" }>;
type Progress = Extract<LiveEvent, { type: "progress" }>;
export type LiveListener = (event: LiveEvent) => void;

/**
 * Live text of running turns: what is too fleeting for the journal. It is lost with the process; a
 * client that connects gets first what `now` returns.
 */
export interface Live {
  /** A new attempt begins: the text of earlier ones does not count. */
  begin(turn_id: string, step: number, attempt: number): void;
  text(turn_id: string, text: string): void;
  /** The step's text is in the journal now. */
  end(turn_id: string): void;
  /** What a call prints, from its UTF-16 offset on. What was told before is not told again. */
  output(turn_id: string, call_id: string, offset: number, text: string): void;
  /** Where a running call's command stands. */
  progress(turn_id: string, call_id: string, progress: CommandProgress): void;
  /** Why the turn does not get on; null once it does. */
  waits(turn_id: string, why: string | null): void;
  /** Nothing more comes of a call; its result is in the journal, or soon will be. */
  callEnded(turn_id: string, call_id: string): void;
  /** The running attempt's text, each running call's output and progress, and what is waited for. */
  now(turn_id: string): LiveEvent[];
  subscribe(turn_id: string, listener: LiveListener): () => void;
}

interface Shown {
  attempt: Snapshot | null;
  readonly outputs: Map<string, Output>;
  readonly progress: Map<string, Progress>;
  waits: Extract<LiveEvent, { type: "status" }> | null;
}

export function createLive(): Live {
  const shown = new Map<string, Shown>();
  const listeners = new Map<string, Set<LiveListener>>();

  function tell(turn_id: string, event: LiveEvent): void {
    for (const listener of listeners.get(turn_id) ?? []) listener(event);
  }

  function of(turn_id: string): Shown {
    const known = shown.get(turn_id) ?? freshly();
    shown.set(turn_id, known);
    return known;
  }

  /** Forgets a turn of which nothing is shown any more. */
  function tidy(turn_id: string): void {
    const { attempt, outputs, progress, waits } = of(turn_id);
    if (attempt === null && outputs.size + progress.size === 0 && waits === null)
      shown.delete(turn_id);
  }

  return {
    begin(turn_id, step, attempt) {
      of(turn_id).attempt = { type: "snapshot", step, attempt, text: "" };
    },
    text(turn_id, text) {
      const now = shown.get(turn_id)?.attempt ?? null;
      if (now === null || now.text.length > TEXT_LIMIT_CHARS) return;
      const { step, attempt } = now;
      tell(turn_id, { type: "delta", step, attempt, offset: now.text.length, text });
      now.text += text;
    },
    end(turn_id) {
      of(turn_id).attempt = null;
      tidy(turn_id);
    },
    output(turn_id, call_id, offset, text) {
      const { outputs } = of(turn_id);
      const grown = growTail(outputs.get(call_id), { type: "output", call_id, offset, text });
      if (grown === null) return tidy(turn_id);
      outputs.set(call_id, grown.tail);
      tell(turn_id, grown.news);
    },
    progress(turn_id, call_id, progress) {
      const event: Progress = { type: "progress", call_id, ...progress };
      of(turn_id).progress.set(call_id, event);
      tell(turn_id, event);
    },
    waits(turn_id, why) {
      of(turn_id).waits = why === null ? null : { type: "status", text: why };
      if (why !== null) tell(turn_id, { type: "status", text: why });
      tidy(turn_id);
    },
    callEnded(turn_id, call_id) {
      const now = of(turn_id);
      now.outputs.delete(call_id);
      now.progress.delete(call_id);
      now.waits = null;
      tidy(turn_id);
    },
    now(turn_id) {
      const known = shown.get(turn_id);
      if (known === undefined) return [];
      const { attempt, outputs, progress, waits } = known;
      return [attempt, ...outputs.values(), ...progress.values(), waits]
        .filter((event) => event !== null)
        .map(copy);
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

const freshly = (): Shown => ({
  ...{ attempt: null, outputs: new Map(), progress: new Map(), waits: null },
});

/** The attempt's text grows on; what was handed out does not. */
const copy = (event: LiveEvent): LiveEvent => ({ ...event });
