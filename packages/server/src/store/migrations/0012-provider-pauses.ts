import type { Migration } from "./migration.ts";

/** Providers can be paused, too. A table's checks cannot be changed: it is made anew. */
export const providerPauses: Migration = {
  name: "pauses of providers",
  up: (db) =>
    db.exec(`
    create table pause_of_any (
      scope text not null check (scope in ('commands', 'person', 'provider')),
      subject text not null,
      set_by text not null references person (id),
      since integer not null,
      reason text,
      ends_running integer not null check (ends_running in (0, 1)),
      lifted_by text references person (id),
      primary key (scope, subject),
      check ((scope = 'commands') = (subject = ''))
    ) strict;
    insert into pause_of_any select * from pause;
    drop table pause;
    alter table pause_of_any rename to pause;
  `),
};
