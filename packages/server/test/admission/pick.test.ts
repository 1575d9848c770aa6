import fc from "fast-check";
import { expect, test } from "vitest";
import { type Holding, pickTurns, type Waiting } from "../../src/admission/pick.ts";

const limits = { running_turns: 6, running_turns_a_person: 3 };

const someWaiting = fc
  .array(fc.record({ session: fc.nat(5), person: fc.nat(3), is_suspect: fc.boolean() }), {
    maxLength: 30,
  })
  .map((turns) =>
    turns.map(({ session, person, is_suspect }, i): Waiting => ({
      turn_id: `t${i}`,
      session_id: `s${person}-${session}`,
      person_id: `p${person}`,
      is_suspect,
      held: null,
    })),
  );

const someHolding = fc
  .array(fc.record({ session: fc.nat(5), person: fc.nat(3), seated: fc.boolean() }), {
    maxLength: 6,
  })
  .map((turns) =>
    turns.map(({ session, person, seated }): Holding => ({
      session_id: `s${person}-${session}`,
      person_id: `p${person}`,
      seated,
      is_suspect: false,
    })),
  );

test("no session runs two turns, nobody has more than their seats, and the house is not overbooked", () => {
  fc.assert(
    fc.property(someWaiting, someHolding, (waiting, holding) => {
      const { seated } = pickTurns(waiting, holding, limits);
      const chosen = seated.map(({ turn }) => turn);
      const busy = [...holding, ...chosen].map((turn) => turn.session_id);
      for (const turn of chosen)
        expect(busy.filter((session) => session === turn.session_id)).toHaveLength(1);
      const running = [...holding.filter((turn) => turn.seated), ...chosen];
      for (const { person_id } of chosen) {
        const own = running.filter((turn) => turn.person_id === person_id);
        expect(own.length).toBeLessThanOrEqual(limits.running_turns_a_person);
      }
      if (chosen.length > 0) expect(running.length).toBeLessThanOrEqual(limits.running_turns);
    }),
  );
});

test("turns of one session never overtake, and everyone is either seated or told why not", () => {
  fc.assert(
    fc.property(someWaiting, someHolding, (waiting, holding) => {
      const { seated, waits } = pickTurns(waiting, holding, limits);
      expect([...seated, ...waits]).toHaveLength(waiting.length);
      for (const { turn } of seated) {
        const first = waiting.find((each) => each.session_id === turn.session_id)!;
        expect(turn).toBe(first);
      }
      for (const { reason } of waits) expect(reason).not.toBe("");
    }),
  );
});

test("J7: suspects go one after another", () => {
  fc.assert(
    fc.property(someWaiting, someHolding, fc.boolean(), (waiting, holding, has_suspect) => {
      const held = holding.map((turn) => ({ ...turn, is_suspect: has_suspect && turn.seated }));
      const { seated } = pickTurns(waiting, held, limits);
      const suspects = seated.filter(({ turn }) => turn.is_suspect);
      expect(suspects.length).toBeLessThanOrEqual(held.some((turn) => turn.is_suspect) ? 0 : 1);
    }),
  );
});

test("who waits behind a question is told that it waits for a person", () => {
  const holding = [{ session_id: "s", person_id: "p", seated: false, is_suspect: false }];
  const waiting = [
    { turn_id: "t", session_id: "s", person_id: "p", is_suspect: false, held: null },
  ];
  expect(pickTurns(waiting, holding, limits).waits).toMatchObject([
    { on_person: true, reason: expect.stringContaining("your consent") },
  ]);
});

test("who is held by an operator gets no seat, nor do those behind in the session; others pass", () => {
  fc.assert(
    fc.property(someWaiting, fc.nat(3), (waiting, paused) => {
      const reason = "your work is paused by ann";
      const turns = waiting.map((turn) =>
        turn.person_id === `p${paused}` ? { ...turn, held: reason } : turn,
      );
      const others = turns.filter(({ held }) => held === null);
      const { seated, waits } = pickTurns(turns, [], limits);
      expect(seated.map(({ turn }) => turn)).toEqual(
        pickTurns(others, [], limits).seated.map(({ turn }) => turn),
      );
      for (const { turn, ...wait } of waits)
        if (turn.held !== null) expect(wait).toEqual({ reason, on_person: true });
    }),
  );
});

test("a free seat is never left empty while somebody could take it", () => {
  fc.assert(
    fc.property(someWaiting, (waiting) => {
      const { seated } = pickTurns(waiting, [], limits);
      if (waiting.length > 0) expect(seated.length).toBeGreaterThan(0);
    }),
  );
});
