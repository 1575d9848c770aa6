import type { Clock } from "@mainstay/sdk/clock";
import type { Store } from "../store/store.ts";
import { releaseSession, requeueTurn } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";

export interface RescuerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Puts every turn that an earlier incarnation left running back into the queue, where its early
 * place in the order gives it the first seat. The lock of the data folder proves that no earlier
 * incarnation lives, so their leases are void at once (J2).
 */
export async function requeueAbandoned({ store, clock, log }: RescuerParts): Promise<void> {
  const abandoned = await store.query(
    store.sql
      .selectFrom("turn")
      .innerJoin("session", "session.id", "turn.session_id")
      .select(["turn.id as turn_id", "session.id as session_id"])
      .where("turn.state", "=", "running"),
  );
  if (abandoned.length === 0) return;
  await store.commit({
    writes: abandoned.flatMap(({ turn_id, session_id }) => [
      releaseSession(store, session_id),
      requeueTurn(store, turn_id, clock.now(), "restart"),
    ]),
  });
  log.info({ turns: abandoned.map((turn) => turn.turn_id) }, "resuming what the last run left");
}
