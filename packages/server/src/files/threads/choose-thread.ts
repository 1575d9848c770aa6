/** A transaction on its way. */
export interface Underway {
  /** Of its workspace. */
  readonly path: string;
  readonly thread: number;
}

/** By thread: how many wishes wait there; null where none runs. */
export type Loads = readonly (number | null)[];

/** An idle thread, else one more, else the one with the least to do. */
export function chooseThread(loads: Loads): number {
  const idle = loads.indexOf(0);
  if (idle !== -1) return idle;
  const absent = loads.indexOf(null);
  return absent === -1 ? loads.indexOf(Math.min(...loads.map(Number))) : absent;
}

/**
 * Transactions that may meet in a file share a thread, for that is where they lock it. Workspaces may
 * lie in one another: where those that overlap are in several threads, it must wait (null).
 */
export function chooseForTransaction(
  path: string,
  loads: Loads,
  underway: Iterable<Underway>,
): number | null {
  const held = new Set(
    [...underway].filter((other) => overlap(path, other.path)).map(({ thread }) => thread),
  );
  if (held.size > 1) return null;
  const [holder = chooseThread(loads)] = held;
  return holder;
}

const overlap = (one: string, other: string): boolean => isIn(one, other) || isIn(other, one);

const isIn = (one: string, other: string): boolean =>
  one === other || one.startsWith(other === "/" ? other : `${other}/`);
