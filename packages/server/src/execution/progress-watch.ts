import type { CommandState } from "@mainstay/executor/command";
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandProgress } from "@mainstay/sdk/commands";
import { unlessLate } from "./abort.ts";
import type { ExecutorKeeper } from "./executor-link.ts";

const EVERY_MS = 1_000;
/** An answer takes a fraction of it; nobody waits longer for what is nice to know. */
const ANSWER_MS = 2_000;

export type ProgressListener = (progress: CommandProgress) => void;

/** Asks the executor where running commands stand: once a second for each that somebody watches. */
export interface ProgressWatch {
  /** Returns what ends the watch. */
  watch(command_id: string, listener: ProgressListener): () => void;
  /** Where it stands now; null where it does not run, or nobody answers. */
  now(command_id: string): Promise<CommandProgress | null>;
}

export interface ProgressWatchParts {
  readonly keeper: Pick<ExecutorKeeper, "linked">;
  readonly clock: Clock;
}

interface Watched {
  readonly listeners: Set<ProgressListener>;
  stop: () => void;
}

export function createProgressWatch({ keeper, clock }: ProgressWatchParts): ProgressWatch {
  const watched = new Map<string, Watched>();
  /** Questions that are out: one a command, however many ask. */
  const asked = new Map<string, Promise<CommandProgress | null>>();

  function ask(command_id: string): Promise<CommandProgress | null> {
    const known = asked.get(command_id);
    if (known !== undefined) return known;
    const answer = progressNow(command_id).finally(() => asked.delete(command_id));
    asked.set(command_id, answer);
    return answer;
  }

  /** A lost link tells nothing; the next look asks the next one. */
  async function progressNow(command_id: string): Promise<CommandProgress | null> {
    const found = await keeper
      .linked()
      ?.state(command_id)
      .catch(() => null);
    return found?.state === "running" ? progressOf(found) : null;
  }

  const now = (command_id: string): Promise<CommandProgress | null> =>
    unlessLate(ask(command_id), ANSWER_MS, clock).catch(() => null);

  async function look(command_id: string, one: Watched): Promise<void> {
    const progress = await ask(command_id);
    if (watched.get(command_id) !== one) return;
    if (progress !== null && progress.elapsed_ms > 0)
      for (const listener of one.listeners) listener(progress);
    lookLater(command_id, one);
  }

  function lookLater(command_id: string, one: Watched): void {
    one.stop = clock.after(EVERY_MS, () => void look(command_id, one));
  }

  function watch(command_id: string, listener: ProgressListener): () => void {
    const known = watched.get(command_id);
    const one = known ?? { listeners: new Set(), stop: () => undefined };
    one.listeners.add(listener);
    if (known === undefined) {
      watched.set(command_id, one);
      lookLater(command_id, one);
    }
    return () => {
      one.listeners.delete(listener);
      if (one.listeners.size > 0 || watched.get(command_id) !== one) return;
      one.stop();
      watched.delete(command_id);
    };
  }

  return { watch, now };
}

const progressOf = ({
  elapsed_ms,
  wall_ms,
  output_bytes,
  last_line,
  percent,
}: Extract<CommandState, { state: "running" }>): CommandProgress => ({
  ...{ elapsed_ms, wall_ms, output_bytes, last_line, percent },
});
