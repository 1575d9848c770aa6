import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Place } from "./conformance.ts";

const WRITER = join(import.meta.dirname, "sqlite-crash-writer.ts");

export async function sqlitePlace(): Promise<Place & { home: string }> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-store-"));
  return {
    home,
    open: () => openSqliteStore({ home, clock: systemClock }),
    writer: (manner) => [WRITER, home, manner],
    remove: () => rm(home, { recursive: true }),
  };
}
