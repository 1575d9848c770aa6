import { Cancelled, Paused } from "../kernel/errors.ts";
import type { Pause } from "../kernel/pause.ts";

/** The way of one command, from the wish to run it to its end, past the operator's stop. */
export interface Passage {
  /** Aborts with the turn's own signal, or with `Cancelled` where a pause ends what runs. */
  readonly signal: AbortSignal;
  /**
   * The last look at the pauses and the order to begin, in one: nothing comes between them.
   * @throws Paused, and nothing was ordered; what the order rejects with
   */
  begin<T>(order: () => Promise<T>): Promise<T>;
  /** What was ordered certainly did not begin: it waits again, and may be ordered anew. */
  notTaken(): void;
  /** Ends it, wherever it stands on its way; what has not begun then does not. */
  stop(by: string): void;
  /** It was found running: an earlier run of the server let it begin. */
  adopt(): void;
  /** It is over, or nobody follows it any more. */
  leave(): void;
}

type Meant = (person_id: string) => boolean;

/** All commands that are on their way or run. */
export interface Passages {
  /** `signal` is the turn's. */
  enter(person_id: string, signal: AbortSignal): Passage;
  /** How many of those that are meant have begun. */
  begun(meant: Meant): number;
  /** Ends those that have begun; what has not begun is none of a kill's business. */
  end(meant: Meant, pause: Pause): void;
  /** Resolves when of every order that is out now it is known whether it began. */
  ordersAnswered(meant: Meant): Promise<void>;
  /** How many orders nobody has answered yet. */
  ordersOut(meant: Meant): number;
}

interface OnItsWay {
  readonly person_id: string;
  readonly stop: AbortController;
  has_begun: boolean;
  /** The order that is out; null while there is none. */
  order: Promise<void> | null;
}

/** @param pauseFor what keeps a command of a person from beginning */
export function createPassages(pauseFor: (person_id: string) => Pause | null): Passages {
  const open = new Set<OnItsWay>();
  const all = (meant: Meant) => [...open].filter(({ person_id }) => meant(person_id));

  function enter(person_id: string, signal: AbortSignal): Passage {
    const stop = new AbortController();
    const own: OnItsWay = { person_id, stop, has_begun: false, order: null };
    const follow = () => stop.abort(signal.reason);
    if (signal.aborted) follow();
    signal.addEventListener("abort", follow, { once: true });
    open.add(own);
    return {
      signal: stop.signal,
      async begin(order) {
        const pause = pauseFor(person_id);
        if (pause !== null) throw new Paused(pause);
        own.has_begun = true;
        const answer = order();
        const forget = () => void (own.order = null);
        own.order = answer.then(forget, forget);
        return await answer;
      },
      notTaken() {
        own.has_begun = false;
      },
      stop: (by) => stop.abort(new Cancelled(by)),
      adopt() {
        own.has_begun = true;
        const pause = pauseFor(person_id);
        if (pause?.ends_running) end(own, pause);
      },
      leave() {
        open.delete(own);
        signal.removeEventListener("abort", follow);
      },
    };
  }

  return {
    enter,
    begun: (meant) => all(meant).filter(({ has_begun }) => has_begun).length,
    end(meant, pause) {
      for (const each of all(meant)) if (each.has_begun) end(each, pause);
    },
    async ordersAnswered(meant) {
      await Promise.all(all(meant).flatMap(({ order }) => order ?? []));
    },
    ordersOut: (meant) => all(meant).filter(({ order }) => order !== null).length,
  };
}

function end({ stop }: OnItsWay, { scope, by, reason }: Pause): void {
  const what = scope === "person" ? "this person" : "commands";
  stop.abort(new Cancelled(`${by}, who paused ${what}${reason === null ? "" : `: ${reason}`}`));
}
