import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { createEdits, type Edits } from "../../src/edits/edits.ts";
import { newId } from "../../src/kernel/ids.ts";
import type { WorkspaceRoot } from "../../src/kernel/workspace.ts";
import { createJournal } from "../../src/store/journal.ts";
import type { Statement, Store } from "../../src/store/store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import type { Scene, Tool, ToolEnd } from "../../src/tools/tools.ts";
import { nobody } from "../../src/tools/tool.ts";
import { files, rootAt } from "../files/workspace.ts";
import { populate } from "../store/population.ts";
import { sqlitePlace } from "../store/sqlite-place.ts";

/** Tools at work: real files, real edits on record, and the batches that a turn would write. */
export interface Workshop {
  readonly edits: Pick<Edits, "prepare" | "settle">;
  readonly scene: Scene;
  call<Input>(tool: Tool<Input>, input: Input): Promise<ToolEnd>;
  commit(writes: readonly Statement[] | undefined): Promise<void>;
  /** Of the workspace. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const place = await sqlitePlace();
  const store = await place.open();
  const folder = await rootAt(await realpath(await mkdtemp(join(tmpdir(), "mainstay-tools-"))));
  await populate(store);
  await store.commit({ writes: [workspaceAt(store, folder)] });
  const edits = createEdits({
    ...{ store, files, clock: systemClock, newId, log: createLog("silent") },
    journal: createJournal(store, systemClock),
    pauses: { person: () => null },
    touched: () => {},
  });
  const scene: Scene = {
    ...{ turn_id: "t1", step: 1, call_id: "call_1", intent: "try it", decision: null },
    person: { id: "p", number: 1 },
    workspace: { id: "w", ...folder },
  };

  async function commit(writes: readonly Statement[] = []): Promise<void> {
    await store.commit({ writes });
  }

  async function call<Input>(tool: Tool<Input>, input: Input): Promise<ToolEnd> {
    const prepared = await tool.prepare(input, scene);
    if (prepared.kind === "consent" || prepared.kind === "paused")
      throw new Error("file tools ask nobody, and no pause concerns them");
    if (prepared.kind === "ended") return prepared.end;
    await commit(prepared.writes);
    const end = await prepared.execute(new AbortController().signal, nobody);
    await commit(end.writes);
    return end;
  }

  return {
    ...{ edits, scene, call, commit },
    async empty() {
      for (const name of await readdir(folder.path))
        await rm(join(folder.path, name), { recursive: true });
    },
    async close() {
      await edits.stop();
      await store.close();
      await place.remove();
      await rm(folder.path, { recursive: true });
    },
  };
}

const workspaceAt = (store: Store, { path, ino, owner_uid }: WorkspaceRoot) =>
  store.sql.updateTable("workspace").set({ path, ino, owner_uid }).where("id", "=", "w").compile();
