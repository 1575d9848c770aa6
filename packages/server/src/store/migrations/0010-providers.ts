import type { Migration } from "./migration.ts";

/** How targets, keys and rates of providers stood last, so that a restart does not ask the dead again. */
export const providers: Migration = {
  name: "how providers stood last",
  up: (db) =>
    db.exec(`
    create table provider_state (
      key text primary key,
      kind text not null check (kind in ('breaker', 'credential', 'rate')),
      state text not null,
      at integer not null
    ) strict;
    create index mirror_provider_state on provider_state (key, kind, state, at);
  `),
};
