import type { Clock } from "@mainstay/sdk/clock";
import type { NewId } from "../kernel/ids.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Row } from "../store/schema.ts";
import type { Statement, Store } from "../store/store.ts";
import { withdrawConsent } from "../store/withdraw-consent.ts";
import type { Person } from "./authentication.ts";

/** How often somebody may give consent for a folder while another takes its place. */
const TRIES = 5;

export type WorkspaceRow = Row<"workspace">;

/** Whose workspace it is. */
export type Owner = Pick<Person, "id">;

export interface WorkspaceRowsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
}

/** The workspace table: a person has each path once, and one private folder. */
export function createWorkspaceRows({ store, clock, newId }: WorkspaceRowsParts) {
  const all = store.sql.selectFrom("workspace").selectAll();

  const listOf = (person: Owner): Promise<WorkspaceRow[]> =>
    store.query(all.where("person_id", "=", person.id).orderBy("created_at").orderBy("id"));

  const byId = async (id: string): Promise<WorkspaceRow | undefined> =>
    (await store.query(all.where("id", "=", id)))[0];

  const at = async (person: Owner, path: string): Promise<WorkspaceRow | undefined> =>
    (await store.query(all.where("person_id", "=", person.id).where("path", "=", path)))[0];

  const privateAt = async (path: string): Promise<WorkspaceRow | undefined> =>
    (await store.query(all.where("is_private", "=", 1).where("path", "=", path)))[0];

  const privateRow = (person: Owner) =>
    all.where("person_id", "=", person.id).where("is_private", "=", 1);

  const privateOf = async (person: Owner): Promise<WorkspaceRow | undefined> =>
    (await store.query(privateRow(person)))[0];

  const newRow = (person: Owner, id: string, { path, ino, owner_uid }: WorkspaceRoot) => ({
    ...{ id, person_id: person.id, path, ino, owner_uid },
    created_at: clock.now(),
  });

  const insert = (row: WorkspaceRow): Statement =>
    store.sql.insertInto("workspace").values(row).compile();

  const trustRecord = ({ id, person_id, trusted }: WorkspaceRow): Statement =>
    auditWrite(store, clock.now(), {
      ...{ kind: "workspace_trusted", workspace_id: id, person_id },
      trusted: trusted === 1,
    });

  /** The person's row for the folder's path, which another request may have made first. */
  async function add(person: Owner, root: WorkspaceRoot, trusted: number): Promise<WorkspaceRow> {
    const row = { ...newRow(person, newId("ws"), root), is_private: 0, trusted };
    const { committed } = await store.commit({
      writes: [insert(row), ...(trusted === 1 ? [trustRecord(row)] : [])],
    });
    return committed ? row : expected(await at(person, root.path), root.path);
  }

  /** The person's private row, which another request may have made first. */
  async function addPrivate(person: Owner, id: string, root: WorkspaceRoot) {
    const row = { ...newRow(person, id, root), is_private: 1, trusted: 0 };
    const none = { name: "private", query: privateRow(person).compile(), expect: "none" } as const;
    const { committed } = await store.commit({ guards: [none], writes: [insert(row)] });
    return committed ? row : expected(await privateOf(person), root.path);
  }

  async function change(
    row: WorkspaceRow,
    { path, ino, owner_uid }: WorkspaceRoot,
    trusted: number,
  ): Promise<WorkspaceRow> {
    const now = { ...row, path, ino, owner_uid, trusted };
    const commit = await store.commit({ writes: changing(row, now) });
    if (!commit.committed) throw new Error(`a workspace met the guard ${commit.guard}`);
    return now;
  }

  /** Another folder takes the place of the one before, to which all consent was given. */
  async function replace(
    row: WorkspaceRow,
    { path, ino, owner_uid }: WorkspaceRoot,
    trusted: number,
  ): Promise<WorkspaceRow> {
    const now = { ...row, path, ino, owner_uid, trusted };
    for (let tries = 0; tries < TRIES; tries++) {
      const wish = { workspace_id: row.id, by: row.person_id, at: clock.now() };
      const { guards, writes } = await withdrawConsent(store, wish);
      const commit = await store.commit({ guards, writes: [...changing(row, now), ...writes] });
      if (commit.committed) return now;
    }
    throw new Error(`consent for ${row.id} was given ${TRIES} times while its folder was replaced`);
  }

  function changing(row: WorkspaceRow, now: WorkspaceRow): Statement[] {
    const { path, ino, owner_uid, trusted } = now;
    const update = store.sql
      .updateTable("workspace")
      .set({ path, ino, owner_uid, trusted })
      .where("id", "=", row.id)
      .compile();
    return [update, ...(row.trusted === trusted ? [] : [trustRecord(now)])];
  }

  return { listOf, byId, at, privateAt, privateOf, add, addPrivate, change, replace };
}

function expected(row: WorkspaceRow | undefined, path: string): WorkspaceRow {
  if (row === undefined) throw new Error(`the workspace ${path} was refused and is not there`);
  return row;
}
