import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { type AuditSettings, createNotary, type Notary } from "../../src/audit/audit.ts";
import type { ReadChain } from "../../src/audit/executor-record.ts";
import { auditWrite } from "../../src/store/audit-log.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { createLog, type Log } from "../../src/telemetry/log.ts";

export interface Run {
  readonly settings?: Partial<AuditSettings>;
  readonly executorChain?: ReadChain;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A data folder with a trail, on which one notary after the other is at work. */
export async function openTrailHome() {
  const home = mkdtempSync(join(tmpdir(), "mainstay-notary-"));
  let store: Store = await openSqliteStore({ home, clock: systemClock });
  let notary: Notary | null = null;

  async function stop(): Promise<void> {
    await notary?.stop();
    await store.close();
  }

  return {
    home,
    store: () => store,
    /** Stops what ran, lets something happen to the files, and starts again. */
    async run(how: Run = {}, meanwhile: () => void = () => undefined): Promise<Notary> {
      await stop();
      meanwhile();
      store = await openSqliteStore({ home, clock: systemClock });
      notary = createNotary({
        ...{ store, home, clock: systemClock, log: createLog("silent") },
        executorChain: async () => null,
        ...how,
        settings: { head_file: null, webhook: null, ...how.settings },
      });
      await notary.start();
      return notary;
    },
    stop,
    async record(count: number): Promise<void> {
      const started = { kind: "server_started", incarnation: 1 } as const;
      const writes = Array.from({ length: count }, () => auditWrite(store, 1, started));
      await store.commit({ writes });
    },
    async close(): Promise<void> {
      await stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export type TrailHome = Awaited<ReturnType<typeof openTrailHome>>;
