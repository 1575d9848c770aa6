import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Turn } from "@mainstay/sdk/turn";

const file = (name: string): string => join(import.meta.dirname, name);

/** When the server of version 1 was killed. Its approval lives for seven days from then. */
export const KILLED_AT = 1_795_374_229_000;

/** Lays the data of version 1 into a folder, as its server left it. */
export async function layVersion1(home: string): Promise<void> {
  const db = new DatabaseSync(join(home, "mainstay.db"));
  db.exec(await readFile(file("version-1.sql"), "utf8"));
  db.exec("pragma journal_mode = wal");
  db.close();
}

/** The turns as that server told them, newest first, with what later ones tell besides. */
export async function turnsOfVersion1(): Promise<Turn[]> {
  const told: Turn[] = JSON.parse(await readFile(file("version-1.turns.json"), "utf8"));
  return told.map((turn) => ({ ...turn, pause: null, provider_why: null }));
}
