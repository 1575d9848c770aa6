import { soon } from "@mainstay/sdk/clock";

/** Memory that a thread and who started it share. */
export type SignsMemory = Int32Array;

const AT_WORK = 0;
const IS_LEFT = 1;
const WISHES = 2;
/** Wishes that share a sign are found hanging later, and that is all. */
const SIGNS = 1024;

export const signsMemory = (): SignsMemory =>
  new Int32Array(new SharedArrayBuffer((WISHES + SIGNS) * Int32Array.BYTES_PER_ELEMENT));

const placeOf = (number: number): number => WISHES + (number % SIGNS);

/** The thread's side. */
export interface Signs {
  /** Before each turn of a wish; false: there are no more. */
  enter(number: number): boolean;
  /** A sign of life of that wish. */
  goOn(number: number): void;
}

export function signsIn(memory: SignsMemory): Signs {
  let leaves = false;
  const goOn = (number: number) => void Atomics.add(memory, placeOf(number), 1);

  /** Those who have their turn after each other enter after each other; nobody is at work when all had. */
  function leave(): void {
    leaves = false;
    Atomics.store(memory, AT_WORK, 0);
    Atomics.notify(memory, AT_WORK);
  }

  return {
    enter(number) {
      Atomics.store(memory, AT_WORK, number);
      if (!leaves) soon(leave);
      leaves = true;
      if (Atomics.load(memory, IS_LEFT) === 1) return false;
      goOn(number);
      return true;
    },
    goOn,
  };
}

/** The other side. */
export interface Watch {
  /** Whose turn it is; 0: nobody's. */
  atWork(): number;
  /** Differs when the wish gave a sign of life meanwhile. */
  signOf(number: number): number;
  /** Nobody has a turn from here on, but who is at work. */
  stop(): void;
  /** Resolves when the wish is not at work, which may be never. */
  hasLeft(number: number): Promise<void>;
}

export const watchOn = (memory: SignsMemory): Watch => ({
  atWork: () => Atomics.load(memory, AT_WORK),
  signOf: (number) => Atomics.load(memory, placeOf(number)),
  stop: () => void Atomics.store(memory, IS_LEFT, 1),
  hasLeft: async (number) => void (await Atomics.waitAsync(memory, AT_WORK, number).value),
});
