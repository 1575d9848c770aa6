import { afterEach, beforeEach, expect, test } from "vitest";
import { ann, openRoom, type Room } from "./room.ts";
import { sha256 } from "./paper-files.ts";
import { FileRefused } from "../../src/files/files.ts";
import { problemOf } from "../../src/door/problems.ts";
import { fileRefusal } from "../../src/edits/refusals.ts";
import { type Refusal, StoreFault } from "../../src/kernel/errors.ts";
import { editNotes } from "../../src/store/edit-notes.ts";

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

const undo = (edit_id: string) => room.edits.undo(ann, { edit_id });
const texts = () => Object.fromEntries(room.files.texts);
const standing = async () => {
  const { items } = await room.edits.list(ann, { standing: true }, {});
  return items.map(({ id }) => id);
};

test("an edit is taken back, its undo too, and that again", async () => {
  room.files.texts.set("a", "one");
  const edit = await room.write("a", "two");
  const first = await undo(edit);
  expect(first).toMatchObject({ state: "applied", origin: "undo", undoes: [edit] });
  expect(first).toMatchObject({ turn_id: null, session_id: "s" });
  expect([texts(), await standing()]).toEqual([{ a: "one" }, []]);
  expect((await room.get(edit)).undone_by).toBe(first.id);

  const again = await undo(first.id);
  expect([texts(), await standing()]).toEqual([{ a: "two" }, [edit]]);
  expect((await room.get(first.id)).undone_by).toBe(again.id);

  const third = await undo(again.id);
  expect(third.undoes).toEqual([edit]);
  expect([texts(), await standing()]).toEqual([{ a: "one" }, []]);
  await expect(undo(again.id)).rejects.toMatchObject({ code: "edit_not_standing" });
});

test("all that stands of a turn, and of its session, goes as one edit", async () => {
  await room.write("a", "1", "t1");
  const alone = await room.write("b", "1", "t1");
  await room.write("a", "2", "t1");
  await room.write("c", "1", "t2");
  await undo(alone);
  const turn = await room.edits.undo(ann, { turn_id: "t1" });
  expect(turn.undoes).toHaveLength(2);
  expect(turn.files).toEqual([
    { path: "a", before: { sha256: sha256("2"), size_bytes: 1, mode: 0o644 }, after: null },
  ]);
  expect(texts()).toEqual({ c: "1" });
  await expect(room.edits.undo(ann, { turn_id: "t1" })).rejects.toMatchObject({
    code: "nothing_to_undo",
  });
  await undo(turn.id);
  expect(texts()).toEqual({ a: "2", c: "1" });
  await room.edits.undo(ann, { session_id: "s" });
  expect([texts(), await standing()]).toEqual([{}, []]);
});

test("later changes are not lost: they are named, and nothing is done", async () => {
  const edit = await room.write("a", "1");
  const later = await room.write("a", "2", "t2");
  await expect(undo(edit)).rejects.toMatchObject({
    code: "edit_conflict",
    message: expect.stringMatching(
      new RegExp(`a was changed since\n.*take them back first:\n${later} \\(t2\\): tidy \\[a\\]$`),
    ),
  });
  expect([texts(), await standing()]).toEqual([{ a: "2" }, [later, edit]]);
  expect((await room.get(edit)).undone_by).toBeNull();
});

test("what somebody had put back already is no conflict, and told to the model so", async () => {
  room.files.texts.set("a", "0");
  const [first, second] = [await room.write("a", "1"), await room.write("a", "2")];
  room.files.texts.set("a", "1");
  expect(await undo(second)).toMatchObject({ state: "applied", fault: null, files: [] });
  expect((await room.get(second)).undone_by).not.toBeNull();
  const [note] = await editNotes(room.store, "s", 10);
  expect(note!.text).toMatch(/^.* files: undo of .*: tidy\.\nThey had put them back as they were/);
  await undo(first);
  expect([texts(), await standing()]).toEqual([{ a: "0" }, []]);
});

test("what somebody else did between two edits of a turn is not lost either", async () => {
  const first = await room.write("a", "1");
  room.files.texts.set("a", "theirs");
  const second = await room.write("a", "2");
  await expect(room.edits.undo(ann, { turn_id: "t1" })).rejects.toMatchObject({
    code: "edit_conflict",
    message: expect.stringContaining(`a: changed between ${first} and ${second}`),
  });
  await undo(second);
  expect(texts()).toEqual({ a: "theirs" });
});

test("what was moved is moved back", async () => {
  room.files.texts.set("a", "one");
  const edit = await room.call([{ kind: "move", path: "a", to: "b" }]);
  const undone = await undo(edit);
  expect(undone.files).toContainEqual(expect.objectContaining({ path: "a", moved_from: "b" }));
  expect(texts()).toEqual({ a: "one" });
});

test("twenty undos of one edit at once are one", async () => {
  const edit = await room.write("a", "1");
  const ends = await Promise.allSettled(Array.from({ length: 20 }, () => undo(edit)));
  const done = ends.filter(({ status }) => status === "fulfilled");
  const codes = ends.flatMap((end) => (end.status === "rejected" ? [end.reason.code] : []));
  expect([done.length, new Set(codes)]).toEqual([1, new Set(["edit_not_standing"])]);
  const { items } = await room.edits.list(ann, {}, {});
  expect(items.filter(({ origin }) => origin === "undo")).toHaveLength(1);
});

test("an undo that comes to nothing gives the edit back", async () => {
  const edit = await room.write("a", "1");
  room.files.fate = "refused";
  await expect(undo(edit)).rejects.toMatchObject({
    code: "edit_refused",
    message: "the paper is wet",
  });
  expect(await standing()).toEqual([edit]);
  await undo(edit);
  expect(texts()).toEqual({});
});

test("whose disk is full the problem does not guess, and what it says is said once", async () => {
  const told = async (why: Promise<unknown>) => {
    const refusal = await why.catch((fault: Refusal) => fault);
    const { title, detail } = problemOf(refusal as Refusal);
    return `${title}: ${detail}`;
  };
  const full = fileRefusal(new FileRefused("disk_full", '"a": no space left on its disk'));
  expect(await told(Promise.reject(full))).toBe('A disk is full: "a": no space left on its disk');
  const edit = await room.write("a", "1");
  const { id } = await undo(edit);
  expect(await told(undo(edit))).toBe(
    `The edit does not stand: ${edit} was taken back by ${id}; \`mainstay undo ${id}\` brings it back.`,
  );
});

test("while an undo is on its way the edit is nobody else's", async () => {
  const edit = await room.write("a", "1");
  const reached = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  room.files.meanwhile = () => {
    reached.resolve();
    return held.promise;
  };
  const first = undo(edit);
  await reached.promise;
  await expect(undo(edit)).rejects.toMatchObject({
    code: "edit_not_standing",
    message: expect.stringMatching(/edit_\w+ is taking edit_\w+ back right now; ask again/),
  });
  held.resolve();
  expect(await first).toMatchObject({ state: "applied" });
});

test("who loses to an undo that comes to nothing is told to ask again", async () => {
  const edit = await room.write("a", "1");
  const { commit } = room.store;
  // The other has reserved the edit by now, and has given it back when this one looks why.
  room.store.commit = () => Promise.resolve({ committed: false, guard: "standing" });
  await expect(undo(edit)).rejects.toMatchObject({
    code: "edit_not_standing",
    message: expect.stringMatching(/came to nothing. Ask again/),
  });
  room.store.commit = commit;
});

test("an undo of a later edit stands in the way of its own undo, too, and is named", async () => {
  room.files.texts.set("a", "0");
  const [older, newer] = [await room.write("a", "1"), await room.write("a", "2", "t2")];
  const first = await undo(newer);
  const second = await undo(older);
  await expect(undo(first.id)).rejects.toMatchObject({
    code: "edit_conflict",
    message: expect.stringContaining(`take them back first:\n${second.id}: undo of ${older}`),
  });
  await undo(second.id);
  room.files.texts.set("a", "theirs");
  // What was done since and taken back is not in the way.
  await expect(undo(older)).rejects.toMatchObject({ message: "a was changed since" });
});

test("what was not done for another reason than a later change names no later edits", async () => {
  const edit = await room.write("a", "1");
  await room.write("a", "2", "t2");
  room.files.planRestore = () => Promise.reject(new FileRefused("denied", "no pen"));
  await expect(undo(edit)).rejects.toMatchObject({ code: "edit_refused", message: "no pen" });
});

test("what is too much for one undo says how it can be taken back", async () => {
  await room.write("a", "1");
  room.files.planRestore = () => Promise.reject(new FileRefused("too_many", "many"));
  await expect(room.edits.undo(ann, { turn_id: "t1" })).rejects.toMatchObject({
    code: "undo_too_large",
    message: expect.stringMatching(/^1 edits of 1 files .* edit by edit, or turn by turn/),
  });
});

test("undos of undos are called by what it was about", async () => {
  const edit = await room.write("a", "1");
  const first = await undo(edit);
  const again = await undo(first.id);
  expect([first.intent, again.intent]).toEqual([
    `undo of ${edit}: tidy`,
    `undo of ${first.id}: tidy`,
  ]);
  expect((await undo(again.id)).intent).toBe(`undo of ${again.id}: tidy`);
});

test("a person's edit is told to who records what commands change, before it is done", async () => {
  const edit = await room.write("a", "1");
  expect(room.touched).toEqual([]);
  let told: string[] = [];
  room.files.meanwhile = async () => void (told = [...room.touched]);
  await undo(edit);
  expect(told).toEqual(["/srv/project"]);
});

test("an undo that was done and could not be put on record is told as done", async () => {
  const edit = await room.write("a", "1");
  const { commit } = room.store;
  let commits = 0;
  const full = new StoreFault("full", { cause_kind: "disk_full" });
  room.store.commit = (batch) => (++commits === 2 ? Promise.reject(full) : commit(batch));
  const made = await undo(edit);
  expect(made).toMatchObject({ state: "applied", origin: "undo", undoes: [edit] });
  expect(made.fault).toContain(`it was done, and ${made.id} is put on record as such`);
  expect(texts()).toEqual({});
  expect((await room.get(made.id)).state).toBe("running");
  await room.edits.start();
  expect(await room.get(made.id)).toMatchObject({ state: "applied", fault: null });
});

test("without the content that it found there is no way back, and that is said", async () => {
  room.files.texts.set("a", "one");
  const edit = await room.write("a", "two");
  room.files.kept.delete(sha256("one"));
  await expect(undo(edit)).rejects.toMatchObject({ code: "backup_gone" });
  expect(await standing()).toEqual([edit]);
});

test("whose edits they are not, for them there are none; a pause holds undos, too", async () => {
  const edit = await room.write("a", "1");
  const eve = { ...ann, id: "e", role: "member" } as const;
  for (const target of [{ edit_id: edit }, { turn_id: "t1" }, { session_id: "s" }])
    await expect(room.edits.undo(eve, target)).rejects.toMatchObject({ code: "not_found" });
  await expect(room.edits.get(eve, edit)).rejects.toMatchObject({ code: "not_found" });
  expect((await room.edits.list(eve, {}, {})).items).toEqual([]);
  room.pause = { scope: "person", by: "Bob", since: 0, reason: null, ends_running: false };
  await expect(undo(edit)).rejects.toMatchObject({ code: "paused" });
});

test("the trail has both hashes of every file, and whose word an undo was", async () => {
  room.files.texts.set("a", "one");
  const edit = await room.write("a", "two");
  const { id } = await undo(edit);
  const [path_sha256, one, two] = ["a", "one", "two"].map(sha256);
  expect(await room.trail()).toEqual([
    {
      ...{ kind: "edit_intent", edit_id: edit, person_id: "p", workspace_id: "w" },
      ...{ origin: "call", turn_id: "t1" },
      files: [{ path_sha256, before_sha256: one, after_sha256: two }],
    },
    { kind: "edit_result", edit_id: edit, person_id: "p", outcome: "applied" },
    {
      ...{ kind: "edit_intent", edit_id: id, person_id: "p", workspace_id: "w" },
      ...{ origin: "undo", turn_id: null, undone_by: "p", undoes: [edit] },
      files: [{ path_sha256, before_sha256: two, after_sha256: one }],
    },
    { kind: "edit_result", edit_id: id, person_id: "p", outcome: "applied" },
  ]);
});
