import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { createDecisions } from "../../src/dispatch/decisions.ts";
import { rescue } from "../../src/dispatch/rescuer.ts";
import { createJournal, type Journal } from "../../src/store/journal.ts";
import type { Store } from "../../src/store/store.ts";
import { seatTurn, takeSession } from "../../src/store/turn-writes.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { accepted, started } from "../store/journal-walk.ts";
import { populate } from "../store/population.ts";
import { sqlitePlace } from "../store/sqlite-place.ts";

const nobody = { seat() {}, taken: () => new Set<string>(), cancel() {}, clear: async () => {} };

interface Scene {
  readonly store: Store;
  /** A journal whose first reading of many is followed by a person's cancel. */
  readonly disturbed: Journal;
}

/** Turn t1 was running when the server went down; `spoil` has its way with the data before the start. */
async function afterACrash(
  body: (scene: Scene) => Promise<void>,
  spoil: (store: Store) => Promise<unknown> = async () => {},
): Promise<void> {
  const place = await sqlitePlace();
  try {
    const before = await place.open();
    await populate(before, 1);
    const lease = { turn_id: "t1", session_id: "s", fence: 1, holder: before.incarnation };
    await createJournal(before, systemClock).commit(
      { writes: [takeSession(before, lease), seatTurn(before, "t1")] },
      [
        { turn_id: "t1", body: accepted },
        { turn_id: "t1", body: started },
      ],
    );
    await before.close();
    const store = await place.open();
    const journal = createJournal(store, systemClock);
    const pauses = { commands: () => null, person: () => null };
    const decisions = createDecisions({
      ...{ store, journal, clock: systemClock, seats: nobody, pauses },
    });
    let reads = 0;
    const disturbed: Journal = {
      ...journal,
      async readMany(ids) {
        const readings = await journal.readMany(ids);
        if (++reads === 1) {
          await decisions.cancel("t1", "Ann");
          await spoil(store);
        }
        return readings;
      },
    };
    await body({ store, disturbed });
    await store.close();
  } finally {
    await place.remove();
  }
}

const stateOf = async ({ store }: Scene): Promise<string> =>
  (await store.query(store.sql.selectFrom("turn").select("state")))[0]!.state;

const rescued = ({ store, disturbed }: Scene) =>
  rescue({ store, journal: disturbed, clock: systemClock, log: createLog("silent") });

test("R2: who decides about a turn while it is brought back does not leave it running without a seat", () =>
  afterACrash(async (scene) => {
    await rescued(scene);
    expect(await stateOf(scene)).toBe("queued");
  }));

test("R2, R3: a turn whose journal is damaged ends, also where somebody decides meanwhile", () =>
  afterACrash(
    async (scene) => {
      await rescued(scene);
      expect(await stateOf(scene)).toBe("failed");
    },
    (store) =>
      store.commit({
        writes: [
          store.sql.updateTable("journal").set({ checksum: 0 }).where("seq", "=", 3).compile(),
        ],
      }),
  ));
