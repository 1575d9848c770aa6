import type { DatabaseSync } from "node:sqlite";
import { StoreFault } from "../kernel/errors.ts";

/** One step forward of the data's shape. There is no way back: a backup is. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * Data version n is what the first n migrations make; a released one never changes. Foreign keys
 * are immediate: a deferred one is judged at the COMMIT of a group and would fail its neighbours.
 * The journal is no WITHOUT ROWID table: rows of many turns then land side by side on the last page,
 * not each on a page of its own, which doubles the commits a second.
 */
export const migrations: readonly Migration[] = [
  {
    name: "people, sessions, turns and their journal",
    sql: `
      create table person (
        id text primary key,
        number integer not null unique check (number > 0),
        name text not null,
        role text not null check (role in ('admin', 'member')),
        tier text not null check (tier in ('free', 'basic', 'pro')),
        created_at integer not null
      ) strict;

      create table api_key (
        id text primary key,
        person_id text not null references person (id),
        hash text not null unique,
        created_at integer not null,
        revoked_at integer
      ) strict;
      create index api_key_by_person on api_key (person_id);

      create table workspace (
        id text primary key,
        person_id text not null references person (id),
        path text not null,
        ino text not null,
        owner_uid integer not null check (owner_uid >= 0),
        is_private integer not null check (is_private in (0, 1)),
        trusted integer not null check (trusted in (0, 1)),
        created_at integer not null,
        unique (person_id, path)
      ) strict;

      create table session (
        id text primary key,
        person_id text not null references person (id),
        workspace_id text not null references workspace (id),
        title text not null,
        created_at integer not null,
        last_turn_at integer not null,
        fence integer not null default 0 check (fence >= 0),
        holder integer
      ) strict;
      create index session_by_person on session (person_id, last_turn_at);

      create table turn (
        id text primary key,
        session_id text not null references session (id),
        person_id text not null references person (id),
        workspace_id text not null references workspace (id),
        state text not null check (state in
          ('queued', 'running', 'awaiting_approval', 'parked', 'done', 'failed', 'cancelled')),
        urgency text not null check (urgency in ('interactive', 'batch')),
        ordinal integer not null unique,
        queued_at integer not null,
        queued_by text not null check (queued_by in
          ('acceptance', 'approval', 'retry', 'restart')),
        created_at integer not null,
        settled_at integer,
        check ((settled_at is not null) = (state in ('done', 'failed', 'cancelled')))
      ) strict;
      create index turn_by_state on turn (state, ordinal);
      create index turn_by_session on turn (session_id, ordinal);
      create index turn_by_person on turn (person_id, ordinal);

      create table journal (
        turn_id text not null references turn (id),
        seq integer not null check (seq > 0),
        at integer not null,
        type text not null,
        body text not null,
        primary key (turn_id, seq)
      ) strict;

      create table idempotency (
        person_id text not null references person (id),
        key text not null,
        body_hash text not null,
        turn_id text not null references turn (id),
        created_at integer not null,
        primary key (person_id, key)
      ) strict;

      create table approval (
        id text primary key,
        turn_id text not null references turn (id),
        person_id text not null references person (id),
        step integer not null,
        call_id text not null,
        state text not null check (state in ('pending', 'approved', 'denied', 'expired')),
        intent text not null,
        command text not null,
        command_sha256 text not null,
        workspace_id text not null references workspace (id),
        reason text not null,
        created_at integer not null,
        expires_at integer not null,
        decided_at integer,
        decided_by text,
        check ((decided_at is null) = (state = 'pending'))
      ) strict;
      create index approval_by_person on approval (person_id, state, created_at);
      create index approval_by_turn on approval (turn_id);
      create index approval_by_expiry on approval (expires_at) where state = 'pending';
    `,
  },
];

/** The data was written by a newer program; reading it with this one could spoil it. */
export class DataTooNew extends Error {
  constructor(found: number, known: number) {
    super(
      `the data has version ${found}, but this program knows versions up to ${known}: ` +
        "start the newer Mainstay that wrote it, or restore a backup made by this one",
    );
    this.name = "DataTooNew";
  }
}

/**
 * Brings the data to the newest version, each migration in a transaction of its own.
 *
 * @throws DataTooNew before anything is touched; StoreFault when a migration fails, with the
 * migrations before it kept.
 */
export function migrate(db: DatabaseSync, steps: readonly Migration[] = migrations): void {
  const found = versionOf(db);
  if (found > steps.length) throw new DataTooNew(found, steps.length);
  for (const [index, step] of steps.entries()) {
    if (index >= found) apply(db, step, index + 1);
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare("pragma user_version").get()?.["user_version"]);
}

function apply(db: DatabaseSync, step: Migration, version: number): void {
  try {
    db.exec(`begin immediate; ${step.sql}; pragma user_version = ${version}; commit`);
  } catch (cause) {
    if (db.isTransaction) db.exec("rollback");
    throw new StoreFault(`migration ${version} (${step.name}) failed`, { cause });
  }
}
