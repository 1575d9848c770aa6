import { expect, test } from "vitest";
import { createPassages } from "../../src/execution/passages.ts";
import { createPauses } from "../../src/execution/pauses.ts";
import { Cancelled, Paused, StoreFault } from "../../src/kernel/errors.ts";
import type { StatusListener, Store } from "../../src/store/store.ts";
import { handClock } from "../door/hand-clock.ts";
import { openIdentity } from "../identity/open-identity.ts";

/** Pauses over a real store, on a clock that passes by hand; `by` is an admin. */
async function openPauses(over: (store: Store) => Store = (store) => store) {
  const house = await openIdentity();
  const { clock, pass } = handClock();
  const open = () => createPauses({ store: over(house.store), clock });
  const by = await house.addPerson(1, "admin");
  const wish = { by, reason: "why", ends_running: false };
  const { store } = house;
  async function trail(): Promise<{ kind: string }[]> {
    const rows = await store.query(store.sql.selectFrom("audit").select("body").orderBy("seq"));
    return rows.map(({ body }) => JSON.parse(body));
  }
  return {
    ...{ pauses: open(), open, by, wish, pass, trail },
    addAdmin: (number: number) => house.addPerson(number, "admin"),
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}

const commands = { scope: "commands" } as const;
const ada = { scope: "person", person_id: "ada" } as const;
const turn = () => new AbortController().signal;

test("it is answered only when every order that was out is, and nothing is ordered from the first moment on (1, 2)", async () => {
  await using house = await openPauses();
  const { pauses, wish } = house;
  const order = Promise.withResolvers<string>();
  const early = pauses.enter("ada", turn()).begin(() => order.promise);
  let is_set = false;
  const set = pauses.set(commands, wish).then((done) => {
    is_set = true;
    return done;
  });
  let late_orders = 0;
  const late = pauses.enter("ada", turn()).begin(() => Promise.resolve(late_orders++));
  await expect(late).rejects.toBeInstanceOf(Paused);
  // Behind a write of its own the pause is on disk.
  await pauses.set({ scope: "person", person_id: house.by.id }, wish);
  expect(is_set).toBe(false);
  order.resolve("it began");
  expect(await set).toMatchObject({
    running: 1,
    unanswered: 0,
    pause: { by: "p1", reason: "why" },
  });
  expect(await early).toBe("it began");
  expect(late_orders).toBe(0);
});

test("an executor that does not answer holds it up for ten seconds, and is told of (2)", async () => {
  await using house = await openPauses();
  const { pauses, wish } = house;
  void pauses.enter("ada", turn()).begin(() => new Promise(() => undefined));
  const set = pauses.set(ada, wish);
  await pauses.set({ scope: "person", person_id: house.by.id }, wish);
  await house.pass(10_000);
  expect(await set).toMatchObject({ kept: true, unanswered: 1 });
});

test("a person's pause concerns that person alone", async () => {
  await using house = await openPauses();
  const { pauses, wish } = house;
  await pauses.set(ada, wish);
  expect(await pauses.enter("bob", turn()).begin(() => Promise.resolve(1))).toBe(1);
  expect([pauses.commands(), pauses.person("bob")]).toEqual([null, null]);
  expect(pauses.forCommandOf("ada")).toBe(pauses.person("ada"));
});

test("what kills ends what has begun and what is found running, and nothing that waits", async () => {
  await using house = await openPauses();
  const { pauses, wish } = house;
  const [begun, waiting, adopted] = [1, 2, 3].map(() => pauses.enter("ada", turn()));
  await begun!.begin(() => Promise.resolve());
  await pauses.set(ada, wish);
  expect(begun!.signal.aborted).toBe(false);
  const again = { ...wish, reason: "another", ends_running: true };
  const { pause } = await pauses.set(ada, again);
  expect(pause, "who was first is told").toMatchObject({ reason: "why", ends_running: true });
  adopted!.adopt();
  expect(begun!.signal.reason).toEqual(new Cancelled("p1, who paused this person: why"));
  expect(adopted!.signal.reason).toBeInstanceOf(Cancelled);
  expect(waiting!.signal.aborted).toBe(false);
});

test("the turn's own wish to end comes through a passage until it is left", () => {
  const { enter } = createPassages(() => null);
  const seat = new AbortController();
  const [open, left] = [enter("ada", seat.signal), enter("ada", seat.signal)];
  left.leave();
  seat.abort(new Cancelled("ada"));
  expect(open.signal.reason).toBe(seat.signal.reason);
  expect(left.signal.aborted).toBe(false);
  expect(enter("ada", seat.signal).signal.aborted).toBe(true);
});

test("who starts again finds what was paused, and who lifted what", async () => {
  await using house = await openPauses();
  const { pauses, wish, by } = house;
  await pauses.set(commands, { ...wish, ends_running: true });
  const person = { scope: "person", person_id: by.id } as const;
  await pauses.set(person, wish);
  expect(await pauses.lift(person, by)).toBe(true);
  expect(await pauses.lift(person, by)).toBe(false);
  const again = house.open();
  await again.load();
  expect(again.commands()).toEqual(pauses.commands());
  expect(again.commands()).toMatchObject({ scope: "commands", ends_running: true });
  expect(again.person(by.id)).toBeNull();
  expect(again.liftedBy(person)).toBe("p1");
  expect([...again.people()]).toEqual([]);
});

test("a second word changes nothing of who set it, also for who starts again; the trail names both (4)", async () => {
  await using house = await openPauses();
  const { pauses, wish, by } = house;
  await pauses.set(commands, wish);
  const second = { ...wish, by: await house.addAdmin(2), reason: "mine" };
  const { pause } = await pauses.set(commands, second);
  expect(pause).toMatchObject({ by: "p1", reason: "why" });
  const next = house.open();
  await next.load();
  expect(next.commands()).toEqual(pause);
  expect(await house.trail()).toEqual([
    { kind: "pause_set", scope: "commands", person_id: null, set_by: by.id },
    { kind: "pause_set", scope: "commands", person_id: null, set_by: second.by.id },
  ]);
});

test("nobody's id is mistaken for everybody's commands", async () => {
  await using house = await openPauses();
  const { pauses, wish } = house;
  await pauses.set({ scope: "person", person_id: "commands" }, wish);
  const next = house.open();
  await next.load();
  for (const each of [pauses, next]) {
    expect(each.commands()).toBeNull();
    expect([...each.people().keys()]).toEqual(["commands"]);
    expect(each.forCommandOf("ada")).toBeNull();
  }
});

/** A store on a disk that is full, until there is room on it again. */
function fullDisk() {
  const full = () => Promise.reject(new StoreFault("full", { cause_kind: "disk_full" }));
  const listeners = new Set<StatusListener>();
  let is_full = true;
  return {
    over: (store: Store): Store => ({
      ...store,
      commit: (batch) => (is_full ? full() : store.commit(batch)),
      onStatus(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    }),
    makeRoom(first = () => {}) {
      is_full = false;
      first();
      for (const listener of listeners) listener({ state: "writing" });
    },
  };
}

test("where the disk does not take it, it holds all the same, and says that it is not kept (1)", async () => {
  const disk = fullDisk();
  await using house = await openPauses(disk.over);
  const { pauses, wish, by } = house;
  expect(await pauses.set(commands, wish)).toMatchObject({ kept: false });
  expect(pauses.commands()).toMatchObject({ by: "p1" });
  await expect(pauses.lift(commands, by)).rejects.toBeInstanceOf(StoreFault);
  expect(pauses.commands(), "as before").not.toBeNull();
});

test("what the disk did not take is written when there is room again, each word of it once (5)", async () => {
  const disk = fullDisk();
  await using house = await openPauses(disk.over);
  const { pauses, wish, by } = house;
  await pauses.set(commands, wish);
  await pauses.set(commands, { ...wish, ends_running: true });
  await pauses.set(ada, wish);
  disk.makeRoom();
  disk.makeRoom();
  const next = house.open();
  await next.load();
  expect(next.commands()).toEqual(pauses.commands());
  expect(next.commands()).toMatchObject({ reason: "why", ends_running: true });
  expect(next.person("ada")).toEqual(pauses.person("ada"));
  const set = { kind: "pause_set", scope: "commands", person_id: null, set_by: by.id };
  expect(await house.trail()).toEqual([set, set, { ...set, ...ada }]);
});

test("what is lifted before it could be written is on the trail, set and lifted, and stays lifted (5)", async () => {
  const disk = fullDisk();
  await using house = await openPauses(disk.over);
  const { pauses, wish, by } = house;
  await pauses.set(ada, wish);
  let lifted = Promise.resolve(false);
  const lift = () => void (lifted = pauses.lift(ada, by));
  disk.makeRoom(lift);
  expect(await lifted).toBe(true);
  const next = house.open();
  await next.load();
  expect([next.person("ada"), next.liftedBy(ada)]).toEqual([null, "p1"]);
  expect((await house.trail()).map(({ kind }) => kind)).toEqual(["pause_set", "pause_lifted"]);
});

test("who pauses while it is being lifted is not lifted, and who lifts is told (3)", async () => {
  await using house = await openPauses();
  const { pauses, wish, by } = house;
  await pauses.set(commands, wish);
  const [lifted, again] = await Promise.all([
    pauses.lift(commands, by),
    pauses.set(commands, wish),
  ]);
  expect([lifted, again.kept]).toEqual([false, true]);
  expect(pauses.commands()).not.toBeNull();
  const next = house.open();
  await next.load();
  expect(next.commands()).toEqual(pauses.commands());
});

test("who asks to be told hears each change, until they do not want to any more", async () => {
  await using house = await openPauses();
  const { pauses, wish, by } = house;
  const heard: unknown[] = [];
  const end = pauses.onChange((change) => heard.push([change, pauses.commands() !== null]));
  await pauses.set(commands, wish);
  await pauses.lift(commands, by);
  end();
  await pauses.set(commands, wish);
  expect(heard).toEqual([
    ["set", true],
    ["lifted", false],
  ]);
});
