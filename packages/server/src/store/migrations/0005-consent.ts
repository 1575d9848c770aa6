import type { Migration } from "./migration.ts";

/** What a person was shown is kept beside what they decided; rules, policies and overrides are new. */
export const consent: Migration = {
  name: "rules, policies and overrides",
  up: (db) =>
    db.exec(`
    alter table approval add column asks text;
    alter table approval add column pins text not null default '[]';
    alter table approval add column card text;
    create index mirror_approval_card on approval (id, asks, pins, card);

    create table rule (
      id text primary key,
      person_id text not null references person (id),
      workspace_id text not null references workspace (id),
      folder text not null,
      words text not null,
      pins text not null,
      source text not null check (source in ('approval', 'suggestion', 'person')),
      made_at integer not null,
      made_by text not null references person (id),
      used integer not null default 0,
      last_used_at integer,
      revoked_at integer,
      revoked_by text references person (id),
      check ((revoked_at is null) = (revoked_by is null))
    ) strict;
    create unique index rule_in_force on rule (person_id, workspace_id, folder, words, pins)
      where revoked_at is null;
    create index mirror_rule on rule (id, person_id, workspace_id, folder, words, pins, source,
      made_at, made_by, revoked_at, revoked_by);

    create table policy (
      scope text not null check (scope in ('tier', 'workspace', 'person')),
      subject text not null,
      ceiling text not null check (ceiling in ('none', 'read-only', 'ask', 'trust')),
      set_by text not null references person (id),
      set_at integer not null,
      primary key (scope, subject)
    ) strict;
    create index mirror_policy on policy (scope, subject, ceiling, set_by, set_at);

    create table override (
      id text primary key,
      person_id text not null references person (id),
      workspace_id text not null references workspace (id),
      command text not null,
      command_sha256 text not null,
      pins text not null,
      card text not null,
      reason text not null,
      granted_by text not null references person (id),
      created_at integer not null,
      expires_at integer not null,
      used_at integer,
      used_turn_id text,
      used_step integer,
      used_call_id text,
      check ((used_at is null) = (used_turn_id is null))
    ) strict;
    create index override_open on override (person_id, workspace_id, command_sha256)
      where used_at is null;
    create index mirror_override on override (id, person_id, workspace_id, command, command_sha256,
      pins, card, reason, granted_by, created_at, expires_at, used_at, used_turn_id, used_step,
      used_call_id);
  `),
};
