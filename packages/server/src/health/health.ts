import type { Level, Readiness } from "@mainstay/sdk/resources";
import { messageOf } from "../kernel/errors.ts";
import type { Store } from "../store/store.ts";

export interface Health {
  /** No model is *degraded but ready*; a store that does not answer is not ready. */
  readiness(): Promise<Readiness>;
}

export interface HealthParts {
  readonly store: Store;
  readonly version: string;
  /** Models that can be asked, as `provider/model`. */
  readonly models: () => readonly string[];
}

/** The one place that says how much of the product stands. */
export function createHealth({ store, version, models }: HealthParts): Health {
  async function storeCheck() {
    try {
      await store.query(store.sql.selectFrom("person").select("id").limit(1));
      return { name: "store", ok: true, detail: "answers" };
    } catch (fault) {
      return { name: "store", ok: false, detail: messageOf(fault) };
    }
  }

  return {
    async readiness() {
      const kept = await storeCheck();
      const names = models();
      const detail = names.length > 0 ? names.join(", ") : "none configured: offline answers";
      const checks = [kept, { name: "models", ok: names.length > 0, detail }];
      return { ready: kept.ok, level: levelOf(kept.ok, names.length), version, checks };
    },
  };
}

function levelOf(writable: boolean, models: number): Level {
  if (!writable) return "read-only";
  return models > 0 ? "full" : "offline";
}
