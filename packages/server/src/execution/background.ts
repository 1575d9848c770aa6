import type { CommandEnd } from "@mainstay/executor/command";
import { Stopping } from "../kernel/errors.ts";
import { nobody, type Onlooker } from "./follow.ts";
import type { Passage, Pauses } from "./pauses.ts";

export interface BackgroundParts {
  readonly pauses: Pick<Pauses, "enter">;
  readonly person_id: string;
  /** The call's: it ends what has not begun. */
  readonly signal: AbortSignal;
  run(passage: Passage, onlooker: Onlooker): Promise<CommandEnd>;
  /** The end is on record: what the executor keeps of it may go. */
  recorded(): void;
  /** The end is not on record; the next start of the server looks for it. */
  lost(fault: unknown): void;
}

/**
 * Lets `run` go on by itself once the command has begun, through whatever becomes of its call, its
 * turn and its session. A server that stops lets go of it; the next one's `orphans` follows it.
 *
 * @returns null once it has begun; the end of one that ended first
 * @throws what `run` does before it began
 */
export async function beginInBackground(parts: BackgroundParts): Promise<CommandEnd | null> {
  const { pauses, person_id, signal, run, recorded, lost } = parts;
  const own = new AbortController();
  const follow = () => own.abort(signal.reason);
  if (signal.aborted) follow();
  signal.addEventListener("abort", follow, { once: true });
  const began = Promise.withResolvers<null>();
  const passage = pauses.enter(person_id, own.signal);
  const ended = run(passage, { ...nobody, began: () => began.resolve(null) });
  try {
    const first = await Promise.race([began.promise, ended]);
    if (first !== null) return first;
    ended.then(recorded, (fault: unknown) => {
      if (!(fault instanceof Stopping)) lost(fault);
    });
    return null;
  } finally {
    signal.removeEventListener("abort", follow);
    void ended.finally(passage.leave).catch(() => undefined);
  }
}
