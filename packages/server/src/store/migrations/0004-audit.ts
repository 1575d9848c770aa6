import type { Migration } from "./migration.ts";

/**
 * The audit trail: a chain of hashes, appended to and never changed, and the signed words of how far it
 * went. What queries look for is read from the body, so that it cannot say something else; of a body
 * that is damaged it is null.
 */
export const audit: Migration = {
  name: "the audit trail",
  up: (db) =>
    db.exec(`
    create table audit (
      seq integer primary key check (seq > 0),
      at integer not null,
      body text not null,
      hash text not null,
      kind text generated always as
        (case when json_valid(body) then body ->> 'kind' end) virtual,
      command_id text generated always as
        (case when json_valid(body) then body ->> 'command_id' end) virtual,
      once text not null generated always as
        (case when kind in ('command_intent', 'command_result') then kind
          else cast(seq as text) end) virtual
    ) strict;
    create unique index audit_of_command on audit (command_id, once)
      where command_id is not null;

    create table audit_checkpoint (
      n integer primary key check (n > 0),
      seq integer not null,
      hash text not null,
      at integer not null,
      executor_n integer,
      executor_hash text,
      signature text not null
    ) strict;
  `),
};
