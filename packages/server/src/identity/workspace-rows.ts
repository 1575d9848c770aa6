import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import type { NewId } from "../kernel/ids.ts";
import type { Row } from "../store/schema.ts";
import type { Statement, Store } from "../store/store.ts";
import type { Person } from "./authentication.ts";

export type WorkspaceRow = Row<"workspace">;

export interface WorkspaceRowsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly home: string;
}

/** The workspace table: a person has each path once, and one private folder under the data folder. */
export function createWorkspaceRows({ store, clock, newId, home }: WorkspaceRowsParts) {
  const all = store.sql.selectFrom("workspace").selectAll();

  const listOf = (person: Person): Promise<WorkspaceRow[]> =>
    store.query(all.where("person_id", "=", person.id).orderBy("created_at").orderBy("id"));

  const byId = async (id: string): Promise<WorkspaceRow | undefined> =>
    (await store.query(all.where("id", "=", id)))[0];

  const at = async (person: Person, path: string): Promise<WorkspaceRow | undefined> =>
    (await store.query(all.where("person_id", "=", person.id).where("path", "=", path)))[0];

  const privateAt = async (path: string): Promise<WorkspaceRow | undefined> =>
    (await store.query(all.where("is_private", "=", 1).where("path", "=", path)))[0];

  const privateOf = (person: Person) =>
    all.where("person_id", "=", person.id).where("is_private", "=", 1);

  function newRow(person: Person, id: string): WorkspaceRow {
    const path = join(home, "workspaces", id);
    const created_at = clock.now();
    return { id, person_id: person.id, path, is_private: 1, trusted: 0, created_at };
  }

  const insert = (row: WorkspaceRow): Statement =>
    store.sql.insertInto("workspace").values(row).compile();

  /** The person's row for the path, which another request may have made first. */
  async function add(person: Person, path: string, trusted: number): Promise<WorkspaceRow> {
    const row = { ...newRow(person, newId("ws")), path, is_private: 0, trusted };
    const { committed } = await store.commit({ writes: [insert(row)] });
    return committed ? row : expected(await at(person, path), path);
  }

  async function setTrusted(row: WorkspaceRow, trusted: number): Promise<WorkspaceRow> {
    const update = store.sql.updateTable("workspace").set({ trusted }).where("id", "=", row.id);
    await store.commit({ writes: [update.compile()] });
    return { ...row, trusted };
  }

  /** The person's private row, made where there is none. */
  async function ensurePrivate(person: Person): Promise<WorkspaceRow> {
    const [known] = await store.query(privateOf(person));
    if (known !== undefined) return known;
    const row = newRow(person, newId("ws"));
    const none = { name: "private", query: privateOf(person).compile(), expect: "none" } as const;
    const { committed } = await store.commit({ guards: [none], writes: [insert(row)] });
    return committed ? row : expected((await store.query(privateOf(person)))[0], row.path);
  }

  return { listOf, byId, at, privateAt, add, setTrusted, ensurePrivate };
}

function expected(row: WorkspaceRow | undefined, path: string): WorkspaceRow {
  if (row === undefined) throw new Error(`the workspace ${path} was refused and is not there`);
  return row;
}
