import type { Migration } from "./migration.ts";

/**
 * The journal is no WITHOUT ROWID table: rows of many turns then land side by side on the last
 * page, not each on a page of its own, which doubles the commits a second.
 */
export const turns: Migration = {
  name: "people, sessions, turns and their journal",
  up: (db) =>
    db.exec(`
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
  `),
};
