/**
 * One COMMIT, and so one synced write, for all that is written in one round of the event loop.
 *
 * 1. A write runs at once, in the transaction that is open: whoever reads here sees it.
 * 2. Its promise resolves when the disk has that transaction, and rejects when the disk has nothing
 *    of it.
 * 3. A write is a savepoint: one that fails takes back itself alone, and all of itself.
 * 4. After a group that was lost nothing rests on the log as it stands: the kernel calls a page whose
 *    sync failed clean. It is copied into the database, that is synced, and the log cut first.
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
  const save = db.prepare("SAVEPOINT write");
  const release = db.prepare("RELEASE write");
  let open: Group | null = null;
  let is_log_trusted = true;

  function begin(): Group {
    if (!is_log_trusted) cutLog(db);
    is_log_trusted = true;
    db.exec("BEGIN IMMEDIATE");
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    done.catch(() => {}); // each writer has it for itself
    soon(flush);
    return { done, resolve, reject };
  }

  function lose(group: Group, cause: Error): void {
    open = null;
    is_log_trusted = false;
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
      save.run();
      try {
        run();
        release.run();
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK TO write; RELEASE write");
        else lose(group, error as Error);
        throw error;
      }
      await group.done;
    },
    flush,
  };
}

function cutLog(db: DatabaseSync): void {
  const found = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  if (found?.["busy"] === 1) throw new Error("the log of the ledger is held by another program");
}
