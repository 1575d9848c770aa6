import type { Migration } from "./migration.ts";

/** The audit trail: a chain of hashes, appended to and never changed. */
export const audit: Migration = {
  name: "the audit trail",
  up: (db) =>
    db.exec(`
    create table audit (
      seq integer primary key check (seq > 0),
      at integer not null,
      body text not null,
      hash text not null,
      kind text not null generated always as (body ->> 'kind') virtual,
      person_id text generated always as (body ->> 'person_id') virtual,
      command_id text generated always as (body ->> 'command_id') virtual
    ) strict;
    create unique index audit_of_command on audit (command_id, kind)
      where kind in ('command_intent', 'command_result');
    create index audit_by_person on audit (person_id, seq);
  `),
};
