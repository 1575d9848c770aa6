/**
 * One COMMIT, and so one synced write, for all that is written in one round of the event loop.
 *
 * 1. A write runs at once, in the transaction that is open: whoever reads here sees it.
 * 2. Its promise resolves when the disk has that transaction, and rejects when the disk has nothing
 *    of it.
 * 3. A write is one statement: one that fails takes back itself alone.
 */
import type { DatabaseSync } from "node:sqlite";
import { soon } from "@mainstay/sdk/clock";

export interface GroupCommit {
  write(run: () => void): Promise<void>;
  /** Commits what is open now. */
  flush(): void;
}

interface Group {
  done: Promise<void>;
  resolve(): void;
  reject(cause: Error): void;
}

/** `settled` hears of every group before its writers do: true where the disk has it. */
export function groupCommits(
  db: DatabaseSync,
  settled: (is_durable: boolean) => void,
): GroupCommit {
  let open: Group | null = null;

  function begin(): Group {
    db.exec("BEGIN IMMEDIATE");
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    done.catch(() => {}); // each writer has it for itself
    soon(flush);
    return { done, resolve, reject };
  }

  function lose(group: Group, cause: Error): void {
    open = null;
    if (db.isTransaction) db.exec("ROLLBACK");
    settled(false);
    group.reject(cause);
  }

  function flush(): void {
    const group = open;
    if (group === null) return;
    try {
      db.exec("COMMIT");
    } catch (error) {
      return lose(group, error as Error);
    }
    open = null;
    settled(true);
    group.resolve();
  }

  return {
    async write(run) {
      const group = (open ??= begin());
      try {
        run();
      } catch (error) {
        if (!db.isTransaction) lose(group, error as Error);
        throw error;
      }
      await group.done;
    },
    flush,
  };
}
