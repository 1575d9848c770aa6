import type { Migration } from "./migration.ts";

/** Hosts that the commands of a workspace may reach. */
export const network: Migration = {
  name: "the network of workspaces",
  up: (db) =>
    db.exec(`
    create table host_grant (
      workspace_id text not null references workspace (id),
      host text not null,
      port integer not null check (port between 0 and 65535),
      inside integer not null check (inside in (0, 1)),
      allowed_by text not null references person (id),
      allowed_at integer not null,
      primary key (workspace_id, host, port)
    ) strict;
    create index mirror_host_grant on host_grant (workspace_id, host, port, inside, allowed_by,
      allowed_at);
  `),
};
