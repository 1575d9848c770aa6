import type { Migration } from "./migration.ts";

/** Commands as people look after them: a row each, written in the batch of intent and result. */
export const commands: Migration = {
  name: "commands as jobs",
  up: (db) =>
    db.exec(`
    create table command (
      id text primary key,
      turn_id text not null references turn (id),
      session_id text not null references session (id),
      person_id text not null references person (id),
      workspace_id text not null references workspace (id),
      step integer not null,
      call_id text not null,
      intent text not null,
      text text not null,
      background integer not null check (background in (0, 1)),
      began_at integer not null,
      wall_ms integer not null,
      stopped_by text,
      ended_at integer,
      outcome text,
      tail text,
      check ((ended_at is null) = (outcome is null))
    ) strict;
    create index command_running on command (person_id) where ended_at is null;
    create index command_of_person on command (person_id, began_at, id);
    create index command_by_age on command (began_at, id);
    create index command_notes on command (session_id, ended_at) where tail is not null;
    create index mirror_command on command (id, turn_id, session_id, person_id, workspace_id, step,
      call_id, intent, text, background, began_at, wall_ms, stopped_by, ended_at, outcome, tail);
  `),
};
