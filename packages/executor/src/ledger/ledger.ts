/**
 * The executor's own durable memory, `home/exec/exec.db`, written by it alone. Its exclusive lock
 * is the executor's lock: the kernel drops it when the process dies, however it dies.
 *
 * 1. A marker that is written can be read here at once; its promise resolves when the disk has it
 *    (synchronous=FULL) and rejects when it has not, and then it cannot be read any more.
 * 2. A row's markers come in the order started, released, ended; none is ever taken back.
 * 3. A nonce and a command id are burned by the same insert, so that neither can start twice.
 * 4. A marker of a start or an end is one write with its record in the chain: neither is there alone.
 * 5. No byte that changed on disk is told as a fact: a row has a seal, the whole a high-water mark.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CHAIN_KEPT_RECORDS, type ChainEntry, type ChainRecord } from "../chain-record.ts";
import type { CommandEnd } from "../command.ts";
import type { ProcessIdentity } from "../process-table.ts";
import { planDigest, type Ticket } from "../ticket.ts";
import { openChain } from "./chain.ts";
import { type Doubt, openLedgerFile } from "./file.ts";
import { groupCommits } from "./group-commit.ts";
import { type LedgerRow, readRow } from "./row.ts";
import { SEAL_OF_ROW, sealWith, SELECT_ROW } from "./seal.ts";

const FORGOTTEN_LIMIT = 256;
/** Ended rows are kept this long after their ticket's expiry, lest the clock steps back. */
const KEEP_MS = 2 * 24 * 60 * 60 * 1000;
const KEEP_UNREAD_MS = 90 * 24 * 60 * 60 * 1000;

export interface Ledger {
  /** Since when a command that is not found may all the same have run. */
  doubt: Doubt | null;
  find(command_id: string): LedgerRow | null;
  /** Finds it without an index, which may be damaged: reads all rows, 30 ms for 100,000. */
  search(command_id: string): LedgerRow | null;
  isBurned(nonce: string): boolean;
  /** Commands that a dead executor left without an end. */
  open(): LedgerRow[];
  start(ticket: Ticket, now: number): Promise<void>;
  release(command_id: string, process: ProcessIdentity): Promise<void>;
  end(command_id: string, end: CommandEnd, now: number): Promise<void>;
  refuse(refusal: Extract<ChainEntry, { kind: "refused" }>, now: number): Promise<void>;
  /** What the disk has of the chain after record `after`, the oldest first. */
  chain(after: number, limit: number): ChainRecord[];
  /** The output is not needed any more. Written with the next start: a crash only keeps it longer. */
  forgetOutput(command_id: string): void;
  /** Output of ended commands that nobody has acknowledged. */
  unreadBytes(): number;
  prune(now: number): Promise<void>;
  close(): void;
}

/**
 * `now` is wall time. Throws "database is locked" where another executor lives on, and for a file
 * that a later version wrote.
 */
export function openLedger(home: string, now: number): Ledger {
  const folder = join(home, "exec");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { db, high_water, doubt, ...opened } = openLedgerFile(folder, now);
  let { place } = opened;
  let durable_place = place;
  const find = db.prepare(`${SELECT_ROW} WHERE command_id = ?`);
  const search = db.prepare(`${SELECT_ROW} NOT INDEXED WHERE command_id = ?`);
  const open = db.prepare(`${SELECT_ROW} NOT INDEXED WHERE ended IS NULL`);
  const nonce = db.prepare("SELECT 1 FROM command WHERE nonce = ?");
  const start = db.prepare(
    `INSERT INTO command (command_id, nonce, mac, expires_at, started_at, place, seal)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, seal_of(?1, ?2, ?3, ?4, ?5, NULL, NULL, NULL, ?6))`,
  );
  const release = db.prepare(
    `UPDATE command SET process = ?2, place = ?3, seal = ${sealWith({ process: "?2", place: "?3" })}
     WHERE command_id = ?1`,
  );
  const end = db.prepare(
    `UPDATE command SET ended = ?2, output = ?3, place = ?4,
       seal = ${sealWith({ ended: "?2", output: "?3", place: "?4" })}
     WHERE command_id = ?1 AND ended IS NULL`,
  );
  // A damaged row must not get a seal that fits.
  const forget = db.prepare(
    `UPDATE command SET output = NULL, seal = ${sealWith({ output: "NULL" })}
     WHERE command_id = ? AND seal = ${SEAL_OF_ROW}`,
  );
  const forgotten = new Set<string>();
  // A row that still has its output was never acknowledged: its server may be down for long.
  const prune = db.prepare(
    `DELETE FROM command
     WHERE ended IS NOT NULL AND expires_at < CASE WHEN output IS NULL THEN ? ELSE ? END
     RETURNING octet_length(output) AS bytes`,
  );
  const size = db.prepare("SELECT octet_length(output) AS bytes FROM command WHERE command_id = ?");
  const all = db.prepare("SELECT sum(octet_length(output)) AS bytes FROM command").get();
  let unread_bytes = Number(all?.["bytes"] ?? 0);

  const chain = openChain(db, CHAIN_KEPT_RECORDS);
  const group = groupCommits(db, (is_durable) => {
    chain.settled(is_durable);
    if (is_durable) high_water.note((durable_place = place));
    else place = durable_place;
  });

  /** Writes the marker of the next number. False where the row is not found: its id is damaged. */
  async function mark(
    write: (place: number) => { changes: number | bigint },
    note = () => {},
  ): Promise<boolean> {
    let is_written = false;
    await group.write(() => {
      const { changes } = write(place + 1);
      if (Number(changes) !== 1) return;
      note();
      is_written = true;
      place += 1;
    });
    return is_written;
  }

  function read(found: ReturnType<typeof find.get>): LedgerRow | null {
    if (found === undefined) return null;
    const row = readRow(found);
    return forgotten.has(row.command_id) ? withoutOutput(row) : row;
  }

  function writeForgotten(): void {
    for (const command_id of forgotten) {
      // Lost with its group, it is only kept longer.
      group.write(() => forget.run(command_id)).catch(() => {});
    }
    forgotten.clear();
  }

  return {
    doubt,
    find: (command_id) => read(find.get(command_id)),
    search: (command_id) => read(search.get(command_id)),
    isBurned: (burned) => nonce.get(burned) !== undefined,
    open: () => open.all().map(readRow),
    async start(ticket, now) {
      const { nonce, mac, expires_at } = ticket;
      const { command_id } = ticket.plan;
      const started = mark(
        (place) => start.run(command_id, nonce, mac, expires_at, now, place),
        () => chain.append(now, startedEntry(ticket)),
      );
      writeForgotten();
      await started;
    },
    async release(command_id, process) {
      const json = JSON.stringify(process);
      const is_written = await mark((place) => release.run(command_id, json, place));
      if (!is_written) throw new Error(`the ledger has lost ${command_id}`);
    },
    async end(command_id, ended, now) {
      const { output = "", ...rest } = { output: "", ...ended };
      const ending = JSON.stringify(rest);
      const is_written = await mark(
        (place) => end.run(command_id, ending, output, place),
        () => chain.append(now, endedEntry(command_id, ended)),
      );
      if (is_written) unread_bytes += Buffer.byteLength(output);
    },
    refuse: (refusal, now) => group.write(() => chain.append(now, refusal)),
    chain(after, limit) {
      group.flush();
      return chain.after(after, limit);
    },
    forgetOutput(command_id) {
      if (forgotten.has(command_id)) return;
      unread_bytes -= Number(size.get(command_id)?.["bytes"] ?? 0);
      forgotten.add(command_id);
      if (forgotten.size >= FORGOTTEN_LIMIT) writeForgotten();
    },
    unreadBytes: () => unread_bytes,
    async prune(now) {
      let freed_bytes = 0;
      await group.write(() => {
        const deleted = prune.all(now - KEEP_MS, now - KEEP_UNREAD_MS);
        freed_bytes = deleted.reduce((sum, { bytes }) => sum + Number(bytes ?? 0), 0);
      });
      unread_bytes -= freed_bytes;
    },
    close() {
      writeForgotten();
      group.flush();
      db.close();
      high_water.close();
    },
  };
}

function withoutOutput(row: LedgerRow): LedgerRow {
  const { markers } = row;
  if (markers.state !== "ended" || markers.end.outcome === "not_started") return row;
  return { ...row, markers: { state: "ended", end: { ...markers.end, output: "" } } };
}

function startedEntry({ plan, consent }: Ticket): ChainEntry {
  const { command_id } = plan;
  return {
    ...{ kind: "started", command_id },
    ...{ plan_digest: planDigest(plan), consent_kind: consent.kind },
  };
}

function endedEntry(command_id: string, end: CommandEnd): ChainEntry {
  const { outcome } = end;
  const unseen = { plan_digest: null, exit_code: null, output_sha256: null };
  if (outcome !== "exited") return { kind: "ended", command_id, outcome, ...unseen };
  const { plan_digest, exit_code, output_sha256 } = end;
  return { kind: "ended", command_id, outcome, plan_digest, exit_code, output_sha256 };
}
