import { systemClock } from "@mainstay/sdk/clock";
import type { Edit } from "@mainstay/sdk/edits";
import { createEdits, type Edits } from "../../src/edits/edits.ts";
import type { Change } from "../../src/files/files.ts";
import type { Person } from "../../src/identity/identity.ts";
import { newId } from "../../src/kernel/ids.ts";
import type { Pause } from "../../src/kernel/pause.ts";
import { createJournal } from "../../src/store/journal.ts";
import type { Store } from "../../src/store/store.ts";
import { createLog, type Log } from "../../src/telemetry/log.ts";
import { populate } from "../store/population.ts";
import { sqlitePlace } from "../store/sqlite-place.ts";
import { type PaperFiles, paperFiles } from "./paper-files.ts";

export const ann: Person = { id: "p", name: "Ann", number: 1, role: "admin", tier: "pro" };

/** The room of edits over a real store, with files on paper. */
export interface Room {
  readonly store: Store;
  readonly files: PaperFiles;
  readonly edits: Edits;
  /** Of Ann; null while nothing of hers is paused. */
  pause: Pause | null;
  readonly log: Log;
  /** Folders that persons' edits touched. */
  readonly touched: string[];
  /** Puts an edit on record as a call's batch would. @returns its id */
  intend(changes: readonly Change[], turn_id?: string): Promise<Intended>;
  /** A whole call. @returns the id of its edit */
  call(changes: readonly Change[], turn_id?: string): Promise<string>;
  write(path: string, content: string, turn_id?: string): Promise<string>;
  get(edit_id: string): Promise<Edit>;
  /** Kinds and ids of what the trail has of edits. */
  trail(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface Intended {
  readonly id: string;
  apply(): Promise<void>;
}

export async function openRoom(turns = 3): Promise<Room> {
  const place = await sqlitePlace();
  const store = await place.open();
  await populate(store, turns);
  const files = paperFiles();
  const log = createLog("silent");
  const edits = createEdits({
    ...{ store, files, clock: systemClock, newId, log },
    journal: createJournal(store, systemClock),
    pauses: { person: () => room.pause },
    touched: ({ path }) => void room.touched.push(path),
  });
  const workspace = { id: "w", path: "/srv/project", ino: "1", owner_uid: 0 };

  async function intend(changes: readonly Change[], turn_id = "t1"): Promise<Intended> {
    const call = { turn_id, step: 1, call_id: "c", intent: "tidy", person_id: "p", workspace };
    const prepared = await edits.prepare(call, changes);
    await store.commit({ writes: prepared.writes });
    const id = prepared.effect!.edit_id;
    return {
      id,
      apply: async () => void (await store.commit({ writes: (await prepared.apply()).writes })),
    };
  }

  async function call(changes: readonly Change[], turn_id = "t1"): Promise<string> {
    const { id, apply } = await intend(changes, turn_id);
    await apply();
    return id;
  }

  const room: Room = {
    ...{ store, files, edits, log, pause: null, touched: [], intend, call },
    write: (path, content, turn_id) => call([{ kind: "write", path, content }], turn_id),
    get: (edit_id) => edits.get(ann, edit_id),
    async trail() {
      const rows = await store.query(store.sql.selectFrom("audit").select("body").orderBy("seq"));
      return rows
        .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
        .filter(({ kind }) => String(kind).startsWith("edit_"));
    },
    async close() {
      await edits.stop();
      await store.close();
      await place.remove();
    },
  };
  return room;
}
