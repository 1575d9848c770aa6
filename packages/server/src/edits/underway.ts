/** Edits that this process is doing right now: nobody else decides what becomes of them. */
export interface Underway {
  watch<T>(edit_id: string, doing: Promise<T>): Promise<T>;
  has(edit_id: string): boolean;
  /** Resolves when what is done now has come to an end. */
  ended(): Promise<void>;
}

export function createUnderway(): Underway {
  const doing = new Map<string, Promise<unknown>>();
  return {
    async watch(edit_id, work) {
      doing.set(edit_id, work);
      try {
        return await work;
      } finally {
        doing.delete(edit_id);
      }
    },
    has: (edit_id) => doing.has(edit_id),
    async ended() {
      await Promise.allSettled(doing.values());
    },
  };
}
