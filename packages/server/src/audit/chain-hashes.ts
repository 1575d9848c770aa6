const HASH_BYTES = 32;
const FIRST_RECORDS = 1_024;

/** The hashes of a chain's records by their number, 32 bytes each. */
export interface ChainHashes {
  /** Of the record after the last one; behind an anchor, of any, and those before it are forgotten. */
  note(n: number, hash: string): void;
  /** Hex; null of a record that was not noted. */
  of(n: number): string | null;
}

export function createChainHashes(): ChainHashes {
  let bytes = Buffer.allocUnsafe(FIRST_RECORDS * HASH_BYTES);
  let first = 1;
  let next = 1;
  return {
    note(n, hash) {
      if (n !== next) first = n;
      next = n + 1;
      const at = (n - first) * HASH_BYTES;
      if (at === bytes.length) bytes = Buffer.concat([bytes, bytes]);
      bytes.write(hash, at, "hex");
    },
    of(n) {
      if (n < first || n >= next) return null;
      const at = (n - first) * HASH_BYTES;
      return bytes.toString("hex", at, at + HASH_BYTES);
    },
  };
}
