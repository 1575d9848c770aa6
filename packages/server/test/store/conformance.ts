import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StoreFault } from "../../src/kernel/errors.ts";
import type { Guard, Store } from "../../src/store/store.ts";
import { leaseGuard } from "../../src/store/turn-writes.ts";
import { crash } from "./crash.ts";
import { AT, newSession, newTurn, note, noteBatch, populate } from "./population.ts";

/** Somewhere that a store can be opened, again and again, one after the other. */
export interface Place {
  open(): Promise<Store>;
  /** Arguments of Node for a child process that runs `writeUntilKilled` here. */
  writer(manner: "honest" | "hasty"): string[];
  remove(): Promise<void>;
}

/** What every adapter of the store port must do. `place` makes a new, empty one. */
export function storeConformance(name: string, place: () => Promise<Place>): void {
  describe(`store conformance: ${name}`, () => {
    let here: Place;
    let store: Store;

    beforeEach(async () => {
      here = await place();
      store = await here.open();
      await populate(store, 2);
    });

    afterEach(async () => {
      await store.close();
      await here.remove();
    });

    const turnGuard = (expect: Guard["expect"], id: string): Guard => ({
      name: `turn ${id}`,
      expect,
      query: store.sql.selectFrom("turn").select("id").where("id", "=", id).compile(),
    });
    const notes = async (turn_id: string): Promise<string[]> => {
      const query = store.sql.selectFrom("journal").select("body").where("turn_id", "=", turn_id);
      const rows = await store.query(query.orderBy("seq"));
      return rows.map(({ body }) => JSON.parse(body).by);
    };

    test("a batch is written whole, and answers with what its writes return", async () => {
      const writes = [newTurn(store, 3), note(store, "t3", "a"), note(store, "t3", "b")];
      expect(await store.commit({ writes })).toEqual({
        committed: true,
        rows: [[], [{ seq: 1 }], [{ seq: 2 }]],
      });
      expect(await notes("t3")).toEqual(["a", "b"]);
    });

    test("a batch whose last write fails leaves nothing of the first", async () => {
      const bad = { sql: "insert into nowhere values (1)", parameters: [] };
      const writes = [note(store, "t1", "a"), bad];
      await expect(store.commit({ writes })).rejects.toThrow(StoreFault);
      const orphan = note(store, "no such turn", "b");
      await expect(store.commit({ writes: [note(store, "t1", "b"), orphan] })).rejects.toThrow(
        StoreFault,
      );
      expect(await notes("t1")).toEqual([]);
    });

    test("guards: some needs a row, none needs no row, the first that fails is named", async () => {
      const attempt = (...guards: Guard[]) =>
        store.commit({ guards, writes: [note(store, "t1", "x")] });
      expect(await attempt(turnGuard("some", "t1"), turnGuard("none", "t9"))).toMatchObject({
        committed: true,
      });
      expect(await attempt(turnGuard("some", "t9"))).toEqual({
        committed: false,
        guard: "turn t9",
      });
      expect(
        await attempt(turnGuard("some", "t2"), turnGuard("none", "t1"), turnGuard("some", "t9")),
      ).toEqual({ committed: false, guard: "turn t1" });
      expect(await notes("t1")).toEqual(["x"]);
    });

    test("a guard sees what the batch before it wrote", async () => {
      const [first, second] = await Promise.all([
        store.commit({ guards: [turnGuard("none", "t3")], writes: [newTurn(store, 3)] }),
        store.commit({ guards: [turnGuard("none", "t3")], writes: [newTurn(store, 3)] }),
      ]);
      expect(first.committed).toBe(true);
      expect(second).toEqual({ committed: false, guard: "turn t3" });
    });

    test("among 64 parallel writers a batch that fails takes back itself alone", async () => {
      const ends = await Promise.allSettled(
        Array.from({ length: 64 }, (_, i) => {
          const writes = [note(store, "t1", `${i}`)];
          if (i % 8 === 1) return store.commit({ guards: [turnGuard("some", "t9")], writes });
          if (i % 8 === 3) return store.commit({ writes: [...writes, newSession(store, "s")] });
          if (i % 8 === 5) return store.commit({ writes: [...writes, note(store, "t9", "x")] });
          return store.commit({ writes });
        }),
      );
      ends.forEach((end, i) => {
        if (i % 8 === 5) return expect(end.status).toBe("rejected");
        const commit = end.status === "fulfilled" ? end.value : null;
        if (i % 8 === 1) expect(commit).toEqual({ committed: false, guard: "turn t9" });
        else if (i % 8 === 3) expect(commit).toEqual({ committed: false, guard: "unique" });
        else expect(commit).toMatchObject({ committed: true });
      });
      const kept = Array.from({ length: 64 }, (_, i) => i).filter(
        (i) => ![1, 3, 5].includes(i % 8),
      );
      expect((await notes("t1")).map(Number)).toEqual(kept);
    });

    test("J4: 50 parallel appends to one turn are numbered without a gap", async () => {
      const commits = await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.commit(noteBatch(store, "t1", `${i}`))),
      );
      const numbers = commits.map((commit) => commit.committed && commit.rows[0]![0]!["seq"]);
      expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    });

    test("batches are written in the order of the calls, however many wait", async () => {
      const names = Array.from({ length: 700 }, (_, i) => `${i}`);
      await Promise.all(names.map((by) => store.commit(noteBatch(store, "t1", by))));
      expect(await notes("t1")).toEqual(names);
    });

    test("a query sees every commit that was called before it", async () => {
      const counts = Array.from({ length: 300 }, async (_, i) => {
        void store.commit(noteBatch(store, "t1", `${i}`));
        return (await notes("t1")).length;
      });
      const seen = await Promise.all(counts);
      expect(seen.every((count, i) => count >= i + 1)).toBe(true);
    });

    test("J2: a stale holder of the lease writes nothing", async () => {
      const lease = (fence: number) =>
        leaseGuard(store, { turn_id: "t1", session_id: "s", fence, holder: store.incarnation });
      const take = (fence: number) =>
        store.sql
          .updateTable("session")
          .set({ fence, holder: store.incarnation })
          .where("id", "=", "s")
          .compile();
      await store.commit({ writes: [take(1)] });
      const [own, , stale, next] = await Promise.all([
        store.commit({ guards: [lease(1)], ...noteBatch(store, "t1", "own") }),
        store.commit({ writes: [take(2)] }),
        store.commit({ guards: [lease(1)], ...noteBatch(store, "t1", "stale") }),
        store.commit({ guards: [lease(2)], ...noteBatch(store, "t1", "next") }),
      ]);
      expect([own.committed, stale.committed, next.committed]).toEqual([true, false, true]);
      expect(await notes("t1")).toEqual(["own", "next"]);
    });

    test("values that SQL would bend are refused before they are sent", async () => {
      for (const value of [undefined, true, Number.NaN, new Map()]) {
        const query = sql`insert into person (name) values (${value})`.compile(store.sql);
        await expect(store.commit({ writes: [query] })).rejects.toThrow(/^parameter 1 is /);
      }
    });

    test("statements are built, not run, by the builder", async () => {
      await expect(store.sql.selectFrom("turn").selectAll().execute()).rejects.toThrow("commit");
    });

    test("close waits for what was begun, is idempotent, and ends the store", async () => {
      const begun = store.commit(noteBatch(store, "t1", "last"));
      await Promise.all([store.close(), store.close()]);
      expect(await begun).toMatchObject({ committed: true });
      await expect(store.commit(noteBatch(store, "t1", "late"))).rejects.toThrow(/closed/);
      store = await here.open();
      expect(await notes("t1")).toEqual(["last"]);
    });

    test("the incarnation rises at each open, and the data stays", async () => {
      const seen = [store.incarnation];
      for (let run = 0; run < 3; run++) {
        await store.close();
        store = await here.open();
        seen.push(store.incarnation);
      }
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
      expect(await store.query(store.sql.selectFrom("person").selectAll())).toEqual([
        { id: "p", number: 1, name: "Ann", role: "admin", tier: "pro", created_at: AT },
      ]);
    });

    test("J1: kill -9 loses no acknowledged batch and halves none", async () => {
      await store.close();
      for (const acks of [1, 150, 700]) {
        const { acked, sessions, events } = await crash(here.writer("honest"), acks, here.open);
        expect(acked.length).toBeGreaterThanOrEqual(acks);
        expect(acked.filter((id) => !sessions.has(id))).toEqual([]);
        expect(events).toEqual(sessions);
      }
    });

    test("planted: an acknowledgement before the commit is seen as a loss", async () => {
      await store.close();
      const { acked, sessions } = await crash(here.writer("hasty"), 150, here.open);
      expect(acked.filter((id) => !sessions.has(id)).length).toBeGreaterThan(0);
    });
  });
}
