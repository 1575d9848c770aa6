import type { Migration } from "./migration.ts";

/** What an operator paused, and names that tell people apart. */
export const pauses: Migration = {
  name: "the operator's pauses",
  up: (db) =>
    db.exec(`
    create table pause (
      scope text not null check (scope in ('commands', 'person')),
      subject text not null,
      set_by text not null references person (id),
      since integer not null,
      reason text,
      ends_running integer not null check (ends_running in (0, 1)),
      lifted_by text references person (id),
      primary key (scope, subject),
      check ((scope = 'commands') = (subject = ''))
    ) strict;
    create unique index person_by_name on person (name collate nocase);
  `),
};
