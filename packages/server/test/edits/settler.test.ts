import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FileRefused } from "../../src/files/files.ts";
import { Cancelled } from "../../src/kernel/errors.ts";
import { prepareEdit } from "../../src/tools/edit-call.ts";
import { nobody } from "../../src/tools/tool.ts";
import { ann, openRoom, type Room } from "./room.ts";
import type { Fate } from "./paper-files.ts";

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

const written = { kind: "write", path: "a", content: "1" } as const;
const outcomes = async () =>
  (await room.trail()).filter(({ kind }) => kind === "edit_result").map(({ outcome }) => outcome);

const fates: [Fate, string, Record<string, string>][] = [
  ["done", "applied", { a: "1" }],
  ["done unheard", "applied", { a: "1" }],
  ["nothing unheard", "untouched", {}],
  ["refused", "untouched", {}],
  ["torn", "torn", {}],
];

test.each(fates)("an edit whose fate is “%s” has come out %s", async (fate, state, texts) => {
  room.files.fate = fate;
  const id = await room.call([written]);
  const edit = await room.get(id);
  expect(edit).toMatchObject({ state, fault: state === "applied" ? null : expect.any(String) });
  expect(edit.ended_at).not.toBeNull();
  expect(Object.fromEntries(room.files.texts)).toEqual(texts);
  expect(await outcomes()).toEqual([state]);
});

test("what a crash left open is decided at the start, before anybody asks", async () => {
  const done = await room.intend([written]);
  const not = await room.intend([{ kind: "write", path: "b", content: "1" }]);
  const half = await room.intend([
    { kind: "write", path: "c", content: "1" },
    { kind: "write", path: "d", content: "1" },
  ]);
  room.files.texts.set("a", "1").set("c", "1");
  await room.edits.start();
  const states = await Promise.all([done, not, half].map(({ id }) => room.get(id)));
  expect(states.map(({ state }) => state)).toEqual(["applied", "untouched", "torn"]);
  expect(await room.edits.settle(done.id)).toEqual({ state: "applied", fault: null, writes: [] });
  expect(await room.edits.settle(not.id)).toMatchObject({ state: "untouched", writes: [] });
  expect(new Set(await outcomes())).toEqual(new Set(["applied", "torn", "untouched"]));
  expect(await outcomes()).toHaveLength(3);
});

test("a torn edit is tried again at the next start, and is whole then", async () => {
  room.files.fate = "torn";
  const id = await room.call([written]);
  await expect(room.edits.undo(ann, { edit_id: id })).rejects.toMatchObject({
    code: "edit_not_standing",
    message: expect.stringContaining("half of the paper is wet"),
  });
  await room.edits.start();
  expect(await room.get(id)).toMatchObject({ state: "untouched" });
  expect(await outcomes()).toEqual(["torn", "untouched"]);
});

test("what this process is doing is left alone at the first look, too", async () => {
  const edit = await room.call([written]);
  const settled: string[] = [];
  const { settle } = room.files;
  room.files.settle = (root, record) => {
    settled.push(record.edit_id);
    return settle(root, record);
  };
  room.files.meanwhile = () => room.edits.start();
  const undo = await room.edits.undo(ann, { edit_id: edit });
  expect([undo.state, settled]).toEqual(["applied", []]);
});

test("the first look is at all of them, and one that cannot be read keeps no other from it", async () => {
  const intended = await Promise.all(
    Array.from({ length: 203 }, (_, i) =>
      room.intend([{ kind: "write", path: `f${i}`, content: "1" }]),
    ),
  );
  const [broken, ...others] = intended.map(({ id }) => id) as [string, ...string[]];
  const garbled = { record: "no record" };
  const update = room.store.sql.updateTable("edit").set(garbled).where("id", "=", broken);
  await room.store.commit({ writes: [update.compile()] });
  const errors = vi.spyOn(room.log, "error");
  await room.edits.start();
  await room.edits.stop();
  await room.edits.start();
  expect(errors.mock.calls, "the same is said once").toEqual([
    [expect.objectContaining({ edit: broken }), "an edit could not be decided"],
  ]);
  const rows = await room.store.query(room.store.sql.selectFrom("edit").select(["id", "state"]));
  const open = rows.filter(({ state }) => state === "running").map(({ id }) => id);
  expect([open, rows.length]).toEqual([[broken], others.length + 1]);
});

test("a call that is called off before its edit began leaves nothing open", async () => {
  const call = { turn_id: "t1", step: 1, call_id: "c", intent: "tidy", person_id: "p" };
  const workspace = { id: "w", path: "/srv/project", ino: "1", owner_uid: 0 };
  const person = { id: "p", number: 1 };
  const scene = { ...call, person, workspace, decision: null };
  const prepared = await prepareEdit(room.edits, written, scene);
  if (prepared.kind !== "ready" || prepared.effect.kind !== "edit") throw new Error("not ready");
  await room.store.commit({ writes: prepared.writes! });
  const off = AbortSignal.abort(new Cancelled("Ann"));
  await expect(prepared.execute(off, nobody)).rejects.toBeInstanceOf(Cancelled);
  expect(await room.get(prepared.effect.edit_id)).toMatchObject({ state: "untouched" });
  expect([room.files.texts.size, await outcomes()]).toEqual([0, ["untouched"]]);
});

test("a call that was interrupted is settled once, and what never was is none", async () => {
  const { id } = await room.intend([written]);
  room.files.texts.set("a", "1");
  expect(await room.edits.settle(id)).toEqual({ state: "applied", fault: null, writes: [] });
  expect(await room.edits.settle(id)).toEqual({ state: "applied", fault: null, writes: [] });
  expect(await room.edits.settle("edit_never")).toBeNull();
  expect(await outcomes()).toEqual(["applied"]);
});

test("an edit that cannot be looked at is torn until it can be", async () => {
  const { id } = await room.intend([written]);
  const { settle } = room.files;
  room.files.settle = () => Promise.reject(new FileRefused("unanswered", "no answer"));
  expect(await room.edits.settle(id)).toMatchObject({
    state: "torn",
    fault: expect.stringContaining("no answer"),
  });
  room.files.settle = settle;
  await room.edits.start();
  expect(await room.get(id)).toMatchObject({ state: "untouched" });
});

test.each([
  ["applied", true, null],
  ["untouched", false, "stands"],
])("an interrupted undo that was %s leaves its edit as it is", async (state, is_done, stands) => {
  const edit = await room.call([written]);
  const { commit } = room.store;
  let commits = 0;
  const meet = new Error("the server ends here");
  // The second commit of an undo is its result.
  room.store.commit = (batch) => (++commits === 2 ? Promise.reject(meet) : commit(batch));
  await expect(room.edits.undo(ann, { edit_id: edit })).rejects.toBe(meet);
  room.store.commit = commit;
  if (!is_done) room.files.texts.set("a", "1");
  await room.edits.start();
  const { items } = await room.edits.list(ann, {}, {});
  const [undo] = items.filter(({ origin }) => origin === "undo");
  expect(undo!.state).toBe(state);
  expect((await room.get(edit)).undone_by).toBe(stands === null ? undo!.id : null);
});
