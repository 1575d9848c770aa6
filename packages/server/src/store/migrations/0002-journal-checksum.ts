import type { DatabaseSync, StatementSync } from "node:sqlite";
import { journalChecksum } from "../journal-checksum.ts";
import type { Migration } from "./migration.ts";

/**
 * From here on a journal proves itself: each row by its checksum, and `turn.last_event` says where it
 * ends. The trigger keeps that, whoever appends.
 *
 * The indexes named `mirror_` answer no query. They hold a second copy of what no journal could tell
 * again, so that SQLite's own check finds a row that differs from its copy.
 */
export const journalChecksums: Migration = {
  name: "journals prove themselves",
  rewrites: true,
  up(db) {
    db.exec(`
    alter table journal add column checksum integer not null default 0;
    alter table turn add column last_event integer not null default 0;
    alter table turn add column damaged_after integer;
    alter table turn add column folded_at integer;
    `);
    checkAll(db);
    db.exec(`
    create trigger journal_grows after insert on journal begin
      update turn set last_event = new.seq where id = new.turn_id;
    end;

    create index journal_end on journal (turn_id) where type = 'settled';
    create index turn_damaged on turn (id) where damaged_after is not null;
    create index turn_unfolded on turn (settled_at)
      where settled_at is not null and folded_at is null;

    create index mirror_person on person (id, number, name, role, tier, created_at);
    create index mirror_api_key on api_key (id, person_id, hash, created_at, revoked_at);
    create index mirror_workspace on workspace
      (id, person_id, path, ino, owner_uid, is_private, trusted, created_at);
    create index mirror_session on session (id, person_id, workspace_id, title, created_at);
    create index mirror_approval on approval (id, turn_id, person_id, step, call_id, intent,
      command, command_sha256, workspace_id, reason, created_at, expires_at, decided_by);
    `);
  },
};

/** What version 1 kept is taken as it stands. */
function checkAll(db: DatabaseSync): void {
  const setChecksum = db.prepare("update journal set checksum = ? where rowid = ?");
  const after = db.prepare(
    "select rowid, turn_id, at, type, body from journal where rowid > ? order by rowid limit 1000",
  );
  for (let rows = take(after, 0); rows.length > 0; rows = take(after, rows.at(-1)!.rowid))
    for (const { rowid, turn_id, at, type, body } of rows)
      setChecksum.run(journalChecksum(turn_id, at, type, body), rowid);
  db.exec(`
    update turn set last_event =
      (select coalesce(max(seq), 0) from journal where journal.turn_id = turn.id)`);
}

interface KeptRow {
  readonly rowid: number;
  readonly turn_id: string;
  readonly at: number;
  readonly type: string;
  readonly body: string;
}

const take = (after: StatementSync, rowid: number): KeptRow[] =>
  after.all(rowid) as unknown as KeptRow[];
