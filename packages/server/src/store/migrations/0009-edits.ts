import type { Migration } from "./migration.ts";

/** Edits of files: a row each, written in the batch of the intent, and again in that of the result. */
export const edits: Migration = {
  name: "edits that can be undone",
  up: (db) =>
    db.exec(`
    create table edit (
      id text primary key,
      ordinal integer not null unique,
      turn_id text references turn (id),
      session_id text references session (id),
      person_id text not null references person (id),
      workspace_id text not null references workspace (id),
      step integer,
      call_id text,
      origin text not null check (origin in ('call', 'offer', 'undo')),
      intent text not null,
      record text not null,
      undoes text not null,
      began_at integer not null,
      state text not null check (state in ('running', 'applied', 'untouched', 'torn')),
      fault text,
      ended_at integer,
      undone_by text references edit (id),
      check ((ended_at is null) = (state = 'running'))
    ) strict;
    create index edit_open on edit (state) where state in ('running', 'torn');
    create index edit_of_person on edit (person_id, ordinal);
    create index edit_of_workspace on edit (workspace_id, ordinal);
    create index edit_undone_by on edit (undone_by) where undone_by is not null;
    create index edit_of_turn on edit (turn_id) where turn_id is not null;
    create index edit_of_session on edit (session_id, ordinal) where session_id is not null;
    create index mirror_edit on edit (id, ordinal, turn_id, session_id, person_id, workspace_id, step,
      call_id, origin, intent, record, undoes, began_at, state, fault, ended_at, undone_by);
  `),
};
