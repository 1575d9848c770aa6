import type { Clock } from "@mainstay/sdk/clock";
import type { QueuePlace } from "@mainstay/sdk/turn";
import type { Limits } from "../kernel/limits.ts";
import { type PauseBoard, pauseInWords } from "../kernel/pause.ts";
import { prepared } from "../store/prepared.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { createTurnPace, placeInQueue, type TurnPace } from "./estimate.ts";
import { type Picked, pickTurns, type Waiting } from "./pick.ts";

const AT_ONCE = { position: 1, eta_s: 0, no_later_than_s: 0, reason: "its seat is ready" };

/** A waiting turn with what its lease will need. */
export interface WaitingTurn extends Waiting, Pick<Row<"turn">, "queued_at" | "queued_by"> {
  /** Number of its session's last lease. */
  readonly fence: number;
}

/** Those who wait: who is next, and where each stands. */
export interface Queue {
  /** Who gets a seat now, and why the others wait. */
  pick(): Promise<Picked<WaitingTurn>>;
  /** Where a waiting turn stood at most `max_age_ms` ago; null when it did not wait. */
  place(turn_id: string, max_age_ms?: number): Promise<QueuePlace | null>;
  readonly pace: TurnPace;
}

export interface QueueParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Whether the turn may be what breaks the server (J7). */
  readonly isSuspect: (turn_id: string) => boolean;
  readonly pauses: Pick<PauseBoard, "person">;
}

export function createQueue({ store, clock, limits, isSuspect, pauses }: QueueParts): Queue {
  const pace = createTurnPace();
  let recent: { readonly at: number; readonly picked: Promise<Picked<WaitingTurn>> } | null = null;

  async function pick(): Promise<Picked<WaitingTurn>> {
    const open = await store.query(openTurns(store, {}));
    const rows = open.map((row) => ({
      ...row,
      is_suspect: isSuspect(row.turn_id),
      held: heldBy(row),
    }));
    const waiting = rows.filter((row) => row.state === "queued");
    const holding = rows
      .filter((row) => row.state !== "queued")
      .map((row) => ({ ...row, seated: row.state === "running" }));
    return pickTurns(waiting, holding, limits);
  }

  /** What a restart left needs its seat for what it may have running; after that it parks. */
  function heldBy({ person_id, queued_by }: OpenTurn): string | null {
    const pause = queued_by === "restart" ? null : pauses.person(person_id);
    return pause && pauseInWords(pause);
  }

  async function place(turn_id: string, max_age_ms = 0): Promise<QueuePlace | null> {
    const { seated, waits } = await recentPick(max_age_ms);
    if (seated.some(({ turn }) => turn.turn_id === turn_id)) return { ...AT_ONCE };
    const index = waits.findIndex(({ turn }) => turn.turn_id === turn_id);
    const own = waits[index];
    if (own === undefined) return null;
    const until = waits.slice(0, index + 1).map(({ turn }) => turn);
    const ahead = {
      in_all: until.length,
      of_person: until.filter((turn) => turn.person_id === own.turn.person_id).length,
      of_session: until.filter((turn) => turn.session_id === own.turn.session_id).length,
    };
    const typical_s = own.on_person ? null : pace.typical_s();
    return placeInQueue(ahead, limits, typical_s, own.reason);
  }

  /** Many who wait look at the same queue: one look serves them all for a while. */
  function recentPick(max_age_ms: number): Promise<Picked<WaitingTurn>> {
    const now = clock.monotonic();
    if (recent === null || now - recent.at >= max_age_ms) recent = { at: now, picked: pick() };
    return recent.picked;
  }

  return { pick, place, pace };
}

type OpenTurn = Omit<WaitingTurn, "is_suspect" | "held"> & Pick<Row<"turn">, "state">;

/** The turns that wait for a seat or keep their session, in order of acceptance. */
const openTurns = prepared<object, OpenTurn>((db) =>
  db
    .selectFrom("turn")
    .innerJoin("session", "session.id", "turn.session_id")
    .select(["turn.id as turn_id", "turn.session_id", "turn.person_id", "turn.state"])
    .select(["turn.queued_at", "turn.queued_by", "session.fence"])
    .where("turn.state", "in", ["queued", "running", "awaiting_approval"])
    .orderBy("turn.ordinal"),
);
