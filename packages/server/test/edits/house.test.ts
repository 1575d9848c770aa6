/** Edits through the front door: a whole server, its store, its files. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import { ProblemError } from "@mainstay/sdk/call";
import { afterEach, expect, test } from "vitest";
import { StoreFault } from "../../src/kernel/errors.ts";
import type { Batch, Store } from "../../src/store/store.ts";
import { scratchFolder } from "../files/workspace.ts";
import { registerFolder } from "../house/folder.ts";
import { withoutEvent } from "../house/held-commit.ts";
import { calls, type House, openHouse, says } from "../house/house.ts";
import { addMember } from "../house/member.ts";

let house: House;
afterEach(() => house.close());

const writes = (path: string, content: string) => calls("write_file", { path, content });

async function place(client: Client = house.client) {
  const { path } = await scratchFolder();
  const { id } = await registerFolder(client, path, true);
  return {
    workspace: id,
    at: (name: string) => join(path, name),
    text: (name: string) => readFile(join(path, name), "utf8"),
    names: () => readdir(path),
  };
}

const insertsEdit = ({ writes }: Batch): boolean =>
  writes.some(({ sql }) => sql.trimStart().startsWith("insert into edit "));

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    (fault: unknown) => (fault instanceof ProblemError ? fault.problem.code : String(fault)),
  );

test("a turn's edits are listed with their diffs, taken back as one, and brought back", async () => {
  house = await openHouse({
    script: [writes("a.txt", "two\n"), writes("new/b.txt", "b\n"), says("Done."), says("Ah.")],
  });
  const { workspace, at, text, names } = await place();
  await writeFile(at("a.txt"), "one\n");
  const turn = await house.ask("change them", { workspace });
  const { edits } = house.client;

  const listed = await edits.list({ turn_id: turn.id, standing: true });
  expect(listed.items.map(({ files }) => files.map(({ path }) => path))).toEqual([
    ["new/b.txt"],
    ["a.txt"],
  ]);
  const [newer, older] = listed.items;
  expect(turn.edits.map(({ id }) => id)).toEqual([older!.id, newer!.id]);
  expect(await edits.get(older!.id)).toMatchObject({
    ...{ state: "applied", origin: "call", turn_id: turn.id, session_id: turn.session_id },
    ...{ workspace_id: workspace, fault: null, undone_by: null, undoes: [] },
  });
  expect((await edits.diff(older!.id)).diff).toMatch(/^-one\n\+two$/m);

  const undo = await house.client.turns.undo(turn.id);
  expect(undo).toMatchObject({ state: "applied", origin: "undo" });
  expect(undo.undoes.toSorted()).toEqual([newer!.id, older!.id].toSorted());
  expect([await text("a.txt"), await names()]).toEqual(["one\n", ["a.txt"]]);
  expect((await edits.list({ session_id: turn.session_id, standing: true })).items).toEqual([]);
  const { gaps } = await house.client.turns.changes(turn.id);
  expect(gaps).toEqual([`2 edits, of a.txt, new/b.txt: taken back by ${undo.id}`]);
  expect(await codeOf(house.client.turns.undo(turn.id))).toBe("nothing_to_undo");

  await house.ask("and now?", { session_id: turn.session_id });
  const told = house.model.requests.at(-1)!.messages.map(({ content }) => content);
  expect(told).toContainEqual(expect.stringContaining('"new/b.txt" was removed'));
  const { notes } = await house.client.sessions.get(turn.session_id);
  expect(notes).toMatchObject([{ edit_id: undo.id, command_id: null }]);

  await edits.undo(undo.id);
  expect([await text("a.txt"), await text("new/b.txt")]).toEqual(["two\n", "b\n"]);
  await house.client.sessions.undo(turn.session_id);
  expect(await text("a.txt")).toBe("one\n");

  const { items } = await house.client.audit.list({ kind: "edit_intent" });
  expect(items.map(({ record }) => record)).toContainEqual(
    expect.objectContaining({ edit_id: undo.id, undone_by: expect.any(String) }),
  );
});

test("an undo that would lose a later change is refused, and shows it", async () => {
  house = await openHouse({ script: [writes("a.txt", "two\n"), says("Done.")] });
  const { workspace, at, text } = await place();
  await writeFile(at("a.txt"), "one\n");
  const turn = await house.ask("change it", { workspace });
  await writeFile(at("a.txt"), "somebody's\n");
  const refused = await house.client.turns.undo(turn.id).catch((fault: unknown) => fault);
  expect(refused).toMatchObject({
    problem: { code: "edit_conflict", detail: expect.stringContaining("somebody's") },
  });
  expect(await text("a.txt")).toBe("somebody's\n");
  expect((await house.client.edits.list({ standing: true })).items).toHaveLength(1);
});

test("code blocks of an answer are offered, written when a person takes them as they were shown", async () => {
  const answer = "Put this there:\n\n```ts path=src/port.ts\nexport const port = 1;\n```\n";
  house = await openHouse({ script: [says(answer)] });
  const { workspace, at, text, names } = await place();
  const turn = await house.ask("which port?", { workspace });
  const { turns, edits } = house.client;
  const { items } = await turns.offers(turn.id);
  expect(items).toMatchObject([
    { number: 1, path: "src/port.ts", fault: null, diff: expect.stringContaining("+export") },
  ]);
  expect(await names()).toEqual([]);

  const [{ number, sha256 }] = items as [(typeof items)[0]];
  expect(await codeOf(turns.takeOffer(turn.id, number, "0".repeat(64)))).toBe("offer_gone");
  expect(await codeOf(turns.takeOffer(turn.id, 2, sha256))).toBe("offer_gone");
  const edit = await turns.takeOffer(turn.id, number, sha256);
  expect(edit).toMatchObject({ origin: "offer", turn_id: turn.id, state: "applied" });
  expect(await text("src/port.ts")).toBe("export const port = 1;\n");
  expect((await turns.offers(turn.id)).items).toEqual([]);
  expect(await codeOf(turns.takeOffer(turn.id, number, sha256))).toBe("offer_gone");
  expect(await turns.changes(turn.id)).toMatchObject({
    ...{ files: [{ path: "src/port.ts", before: null }], gaps: [] },
    sources: [{ step: null, call_id: null, by: "edit", what: "src/port.ts" }],
  });

  await edits.undo(edit.id);
  const { gaps } = await turns.changes(turn.id);
  expect(gaps).toEqual([expect.stringMatching(/^src\/port\.ts: taken back by edit_/)]);
  expect(await names()).toEqual([]);
  await writeFile(at("src"), "a file where a folder should be\n");
  expect((await turns.offers(turn.id)).items).toMatchObject([
    { diff: null, fault: expect.stringContaining("src") },
  ]);
});

test("who it is not of finds nothing; an admin looks after everybody's", async () => {
  house = await openHouse({ script: [writes("a.txt", "1\n"), says("Done."), says("Hm.")] });
  const [ann, eve] = [await addMember(house, "Ann"), await addMember(house, "Eve")];
  const turn = await ann.client.turns.create({ message: "write" }, { wait_s: 60 });
  const [edit] = (await ann.client.edits.list()).items;
  const asked = [
    eve.client.edits.get(edit!.id),
    eve.client.edits.diff(edit!.id),
    eve.client.edits.undo(edit!.id),
    eve.client.turns.undo(turn.id),
    eve.client.sessions.undo(turn.session_id),
    eve.client.turns.offers(turn.id),
  ];
  expect(await Promise.all(asked.map(codeOf))).toEqual(asked.map(() => "not_found"));
  expect((await eve.client.edits.list()).items).toEqual([]);
  expect((await house.client.edits.list()).items).toHaveLength(1);
  const undo = await house.client.edits.undo(edit!.id);
  expect(undo.person_id).toBe(edit!.person_id);
});

test("what cannot be put on record is not done", async () => {
  const full = (store: Store): Store => ({
    ...store,
    commit: (batch) =>
      insertsEdit(batch) && ++refused === 1
        ? Promise.reject(new StoreFault("full", { cause_kind: "disk_full" }))
        : store.commit(batch),
  });
  let refused = 0;
  house = await openHouse({ script: [writes("a.txt", "1\n"), says("Done.")] });
  const { workspace, names } = await place();
  const turn = await house.ask("write", { workspace });
  expect(await names()).toEqual(["a.txt"]);
  await house.restart({ store: full });
  const [edit] = (await house.client.edits.list()).items;
  expect(await codeOf(house.client.edits.undo(edit!.id))).toBe("disk_full");
  expect(await names()).toEqual(["a.txt"]);
  await house.client.turns.undo(turn.id);
  expect(await names()).toEqual([]);
});

test("a call's edit waits for its record, and is done once", async () => {
  const seen: string[][] = [];
  let full = 1;
  const over = (store: Store): Store => ({
    ...store,
    async commit(batch) {
      if (!insertsEdit(batch) || full-- <= 0) return store.commit(batch);
      seen.push(await names());
      throw new StoreFault("full", { cause_kind: "disk_full" });
    },
  });
  // What the model said first was not kept either: it is asked again.
  const write = writes("a.txt", "1\n");
  house = await openHouse({ script: [write, write, says("Done.")] });
  const { workspace, names } = await place();
  await house.restart({ store: over });
  const turn = await house.client.turns.create({ message: "write", workspace });
  await house.until(turn.id, ({ type }) => type === "settled");
  expect([seen, await names()]).toEqual([[[]], ["a.txt"]]);
  const { items } = await house.client.edits.list();
  expect(items.map(({ state }) => state)).toEqual(["applied"]);
});

test("an edit whose server ended before it could say so is found done at the next start", async () => {
  house = await openHouse({ script: [writes("a.txt", "1\n"), says("Done.")] });
  const { workspace, text } = await place();
  await house.restart({ store: withoutEvent("tool_ended") });
  const turn = await house.client.turns.create({ message: "write", workspace });
  await house.until(turn.id, ({ type }) => type === "tool_started");
  await house.restart({});
  await house.until(turn.id, ({ type }) => type === "settled");
  expect(await text("a.txt")).toBe("1\n");
  const { items } = await house.client.edits.list();
  expect(items.map(({ state }) => state)).toEqual(["applied"]);
  const results = await house.client.audit.list({ kind: "edit_result" });
  expect(results.items).toHaveLength(1);
});

test("how much of the way back is kept is told with the rest of the server's state", async () => {
  house = await openHouse({ script: [writes("a.txt", "1\n"), says("Done.")] });
  const { workspace } = await place();
  await house.ask("write", { workspace });
  const { checks } = await house.client.readyz();
  expect(checks).toContainEqual({
    ...{ name: "edits", ok: true },
    detail: expect.stringMatching(
      /^(\d+\.\d MB of 1024\.0 MB kept for undos|what is kept for undos is not counted yet)/,
    ),
  });
});
