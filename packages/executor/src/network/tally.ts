/** What one command had to do with each host, in bounded memory. */
import { type NetworkUse, USES_LIMIT } from "@mainstay/sdk/network";
import type { Target } from "./target.ts";

/** Of all hosts past the bound; no host has this name or port. */
const OTHERS: Target = { host: "(other hosts)", port: 0 };

const METHODS_LIMIT = 8;
const METHOD_LIMIT_CHARS = 32;
const REASON_LIMIT_CHARS = 300;

export interface Tally {
  /** Counts a request and returns its row, for what follows. */
  request(target: Target, method: string): Row;
  uses(): NetworkUse[];
}

export interface Row {
  bytes(up: number, down: number): void;
  refused(why: string): void;
}

/** `onChange` hears of every change, with the bytes that it counted. */
export function createTally(onChange: (bytes: number) => void): Tally {
  const uses = new Map<string, NetworkUse>();

  function useOf({ host, port }: Target): NetworkUse {
    const known = uses.get(`${host}:${port}`);
    if (known !== undefined) return known;
    if (uses.size >= USES_LIMIT - 1 && host !== OTHERS.host) return useOf(OTHERS);
    const counts = { requests: 0, bytes_up: 0, bytes_down: 0, refused: null };
    const use: NetworkUse = { host, port, methods: [], ...counts };
    uses.set(`${host}:${port}`, use);
    return use;
  }

  return {
    request(target, method) {
      const use = useOf(target);
      use.requests += 1;
      noteMethod(use, method.slice(0, METHOD_LIMIT_CHARS));
      onChange(0);
      return {
        bytes(up, down) {
          use.bytes_up += up;
          use.bytes_down += down;
          onChange(up + down);
        },
        refused(why) {
          use.refused = why.slice(0, REASON_LIMIT_CHARS);
          onChange(0);
        },
      };
    },
    uses: () => [...uses.values()],
  };
}

function noteMethod({ methods }: NetworkUse, method: string): void {
  if (!methods.includes(method) && methods.length < METHODS_LIMIT) methods.push(method);
}
