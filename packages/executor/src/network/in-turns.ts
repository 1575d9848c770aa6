/**
 * Resolutions of names, so many at a time: the system's resolver cannot be stopped, so one that
 * nobody waits for any more still keeps its thread, and its turn.
 */
import type { LookupAddress } from "node:dns";

/** All addresses of a name. `given_up` aborts when nobody waits for them any more. */
export type Resolve = (host: string, given_up: AbortSignal) => Promise<LookupAddress[]>;

interface Waiting {
  host: string;
  given_up: AbortSignal;
  found: PromiseWithResolvers<LookupAddress[]>;
}

/** In the order of their coming. One that was given up before its turn is never begun, and never settles. */
export function inTurns(resolve: Resolve, limit: number): Resolve {
  const waiting: Waiting[] = [];
  let under_way = 0;

  function beginNext(): void {
    if (under_way >= limit) return;
    const next = waiting.shift();
    if (next === undefined) return;
    if (next.given_up.aborted) return beginNext();
    under_way += 1;
    const found = resolve(next.host, next.given_up).finally(() => {
      under_way -= 1;
      beginNext();
    });
    next.found.resolve(found);
  }

  return (host, given_up) => {
    const found = Promise.withResolvers<LookupAddress[]>();
    waiting.push({ host, given_up, found });
    beginNext();
    return found.promise;
  };
}
