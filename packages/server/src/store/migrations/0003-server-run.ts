import type { Migration } from "./migration.ts";

/** The newest run of the server on this data: no other may write it, whatever became of its lock. */
export const serverRun: Migration = {
  name: "the run of the server that may write",
  up: (db) =>
    db.exec(`
    create table server_run (
      one integer primary key check (one = 1),
      incarnation integer not null
    ) strict;
  `),
};
