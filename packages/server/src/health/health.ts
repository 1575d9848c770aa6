import type { Level, Readiness } from "@mainstay/sdk/resources";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Availability, ModelBoard } from "../kernel/model-board.ts";
import { type PauseBoard, pauseInWords } from "../kernel/pause.ts";
import type { Store } from "../store/store.ts";
import type { DiskSpace, DiskState } from "./disk-space.ts";
import { modelsCheck } from "./models-check.ts";

export { createDiskSpace } from "./disk-space.ts";
export { troubleOf } from "./models-check.ts";

export interface Health {
  /**
   * No model is *degraded but ready*; where nothing new can be kept it is not ready. Anyone may ask, as
   * often as they like: it looks at nothing else.
   */
  verdict(): Promise<Pick<Readiness, "ready" | "level">>;
  /** The verdict with all that was checked. */
  readiness(): Promise<Readiness>;
}

export interface Budget {
  readonly used_bytes: number;
  readonly limit_bytes: number;
}

export interface HealthParts {
  readonly store: Store;
  readonly disk: Pick<DiskSpace, "state">;
  readonly clock: Pick<Clock, "after">;
  /** What the journals take, and whether there is room for new ones. */
  readonly journals: () => Budget & { readonly is_full: boolean };
  /** What commands' output takes; null while there is no executor to ask. */
  readonly spool: () => Promise<Budget | null>;
  /** Whether every edit is whole, and how far undos can go back. */
  readonly edits: () => Promise<{ readonly ok: boolean; readonly detail: string }>;
  /** Whether the audit trail stands, and its heads arrive where they should. */
  readonly audit: () => { readonly ok: boolean; readonly detail: string };
  readonly pauses: Pick<PauseBoard, "commands">;
  /** That commands run without a sandbox, in words; null where they do not. */
  readonly warning: string | null;
  readonly version: string;
  readonly models: Pick<ModelBoard, "available" | "status">;
}

/** What is stopped, or hangs, must not hold up whoever asks how the server is. */
const ANSWER_MS = 500;

const NO_EXECUTOR = "no executor runs yet: the first command starts it";

type Check = Readiness["checks"][number];

/** The one place that says how much of the product stands. */
export function createHealth(parts: HealthParts): Health {
  const { store, disk, clock, journals, spool, edits, audit, pauses, warning, version, models } =
    parts;

  async function storeCheck(): Promise<Check> {
    const status = store.status();
    if (status.state === "faulted") return { name: "store", ok: false, detail: status.message };
    try {
      await store.query(store.sql.selectFrom("person").select("id").limit(1));
      return { name: "store", ok: true, detail: "answers" };
    } catch (fault) {
      return { name: "store", ok: false, detail: messageOf(fault) };
    }
  }

  function journalCheck(): Check {
    const { is_full, ...budget } = journals();
    return { name: "journals", ok: !is_full, detail: spent(budget) };
  }

  /** Not ready is who cannot do what they should; what an operator stopped should not be done. */
  function pauseCheck(): Check {
    const pause = pauses.commands();
    return {
      name: "commands",
      ok: pause === null,
      detail: pause ? pauseInWords(pause) : "may run",
    };
  }

  /** Null where it does not come in time, or at all. */
  function inTime<T>(asked: Promise<T>): Promise<T | null> {
    const answer = Promise.withResolvers<T | null>();
    const disarm = clock.after(ANSWER_MS, () => answer.resolve(null));
    asked.then(answer.resolve, () => answer.resolve(null));
    return answer.promise.finally(disarm);
  }

  async function editCheck(): Promise<Check> {
    const told = await inTime(edits());
    return { name: "edits", ...(told ?? { ok: false, detail: "does not answer" }) };
  }

  async function spoolCheck(): Promise<Check> {
    const detail = await inTime(spool().then((budget) => (budget ? spent(budget) : NO_EXECUTOR)));
    return { name: "spool", ok: true, detail: detail ?? "the executor does not answer" };
  }

  const keptChecks = async (): Promise<Check[]> => [
    await storeCheck(),
    diskCheck(disk.state()),
    journalCheck(),
  ];

  return {
    verdict: async () => verdictOf(await keptChecks(), models.available()),
    async readiness() {
      const kept = await keptChecks();
      const checks = [
        ...kept,
        ...(await Promise.all([spoolCheck(), editCheck()])),
        { name: "audit", ...audit() },
        pauseCheck(),
        ...(warning === null ? [] : [{ name: "sandbox", ok: false, detail: warning }]),
        modelsCheck(models),
      ];
      return { ...verdictOf(kept, models.available()), version, checks };
    },
  };
}

/** The disk of the data, in words. */
export function diskCheck(disk: DiskState): Check {
  switch (disk.state) {
    case "roomy":
      return { name: "disk", ok: true, detail: `${megabytes(disk.free_bytes)} free` };
    case "nearly_full":
      return {
        name: "disk",
        ok: false,
        detail:
          `${megabytes(disk.free_bytes)} free, less than the ${megabytes(disk.reserve_bytes)} ` +
          "kept for what runs: nothing new is taken in",
      };
    case "unknown":
      return { name: "disk", ok: false, detail: disk.message };
  }
}

const spent = ({ used_bytes, limit_bytes }: Budget): string =>
  `${megabytes(used_bytes)} of ${megabytes(limit_bytes)}`;

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;

function verdictOf(kept: readonly Check[], models: Availability) {
  const ready = kept.every(({ ok }) => ok);
  return { ready, level: ready ? levelWith[models] : "read-only" } as const;
}

const levelWith: Record<Availability, Level> = {
  full: "full",
  reduced: "reduced",
  none: "offline",
  unconfigured: "offline",
};
