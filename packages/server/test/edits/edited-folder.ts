import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { createEdits, type Edits } from "../../src/edits/edits.ts";
import { workspaceFiles } from "../../src/files/files.ts";
import type { Person } from "../../src/identity/identity.ts";
import { newId } from "../../src/kernel/ids.ts";
import type { TurnWorkspace } from "../../src/kernel/workspace.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Statement, Store } from "../../src/store/store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import type { ModelFile, Tree } from "./edits-model.ts";

/** A real store and real files for edits; folders of turns are made in it as they are needed. */
export async function openGround() {
  const home = await realpath(await mkdtemp(join(tmpdir(), "mainstay-edits-")));
  const store = await openSqliteStore({ home: join(home, "data"), clock: systemClock });
  const person: Person = { id: newId("usr"), number: 1, name: "Ada", role: "member", tier: "pro" };
  await store.commit({
    writes: [
      store.sql
        .insertInto("person")
        .values({ ...person, created_at: 0 })
        .compile(),
    ],
  });
  const budget = { bytes: 2 ** 30, days: 30 };
  const backups = { folder: join(home, "backups"), budget };
  const kernel = { clock: systemClock, newId, log: createLog("silent") };
  const files = workspaceFiles({ ...kernel, uid: process.getuid!(), backups });
  let ordinal = 0;

  const newEdits = (): Edits =>
    createEdits({
      ...{ ...kernel, store, files },
      journal: { read: () => Promise.resolve([]) },
      pauses: { person: () => null },
      touched: () => {},
    });

  return {
    store,
    person,
    newEdits,
    /** An empty folder as a workspace, with a session in it and its turns. */
    async newFolder(turns: number) {
      const path = await mkdtemp(join(home, "folder-"));
      await chmod(path, 0o755);
      const { ino, uid } = await stat(path, { bigint: true });
      const root = { path, ino: String(ino), owner_uid: Number(uid), id: newId("ws") };
      const session_id = newId("ses");
      const turn_ids = Array.from({ length: turns }, () => newId("turn"));
      await store.commit({
        writes: [
          ...place(store, person.id, root, session_id),
          ...turn_ids.map((id) => turn(store, person.id, root.id, session_id, id, ++ordinal)),
        ],
      });
      return { root, session_id, turn_ids, remove: () => rm(path, { recursive: true }) };
    },
    async close() {
      await files.close();
      await store.close();
      await rm(home, { recursive: true });
    },
  };
}

function place(
  store: Store,
  person_id: string,
  { id, path, ino, owner_uid }: TurnWorkspace,
  session_id: string,
): Statement[] {
  const folder = { id, person_id, path, ino, owner_uid, is_private: 0, trusted: 0, created_at: 0 };
  const session = { id: session_id, person_id, workspace_id: id, title: "", holder: null };
  return [
    store.sql.insertInto("workspace").values(folder).compile(),
    store.sql
      .insertInto("session")
      .values({ ...session, created_at: 0, last_turn_at: 0 })
      .compile(),
  ];
}

const turn = (
  store: Store,
  person_id: string,
  workspace_id: string,
  session_id: string,
  id: string,
  ordinal: number,
): Statement =>
  store.sql
    .insertInto("turn")
    .values({
      ...{ id, session_id, person_id, workspace_id, ordinal },
      ...{ state: "done", urgency: "interactive", queued_at: 0, queued_by: "acceptance" },
      ...{ created_at: 0, settled_at: 0 },
    })
    .compile();

/** Every file below a folder, whatever its name: what an edit left behind is one of them. */
export async function treeOf(folder: string): Promise<Tree> {
  const found = new Map<string, ModelFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    const { mode } = await lstat(path);
    const text = await readFile(path, "utf8");
    found.set(relative(folder, path), { text, mode: mode & 0o777 });
  }
  return found;
}

/** As another program would: in place. Null takes the file away. */
export async function meddle(folder: string, path: string, file: ModelFile | null): Promise<void> {
  const at = join(folder, path);
  if (file === null) return rm(at, { force: true });
  await mkdir(dirname(at), { recursive: true });
  await writeFile(at, file.text);
  await chmod(at, file.mode);
}
