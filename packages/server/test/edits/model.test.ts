/** Any sequence of edits, undos, changes by others, crashes and restarts is what a model in memory is. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EditCall } from "../../src/edits/edits.ts";
import { FileRefused } from "../../src/files/files.ts";
import { Refusal } from "../../src/kernel/errors.ts";
import { meddle, openGround, treeOf } from "./edited-folder.ts";
import { paths, someLines, textOf, wish, wished } from "./edit-wishes.ts";
import { createModel, difference, isSame, type Target } from "./edits-model.ts";

const TURNS = 2;
const RUNS = 40;

const path = fc.constantFrom(...paths);
const wishes = fc.array(wish, { minLength: 1, maxLength: 2 });
const turn = fc.nat({ max: TURNS - 1 });
const mode = fc.constantFrom(0o644, 0o600, 0o755);
/** Without lines only its mode changes; without either it goes. */
const other = fc.record({ lines: fc.option(someLines, { freq: 1 }), mode });
const change = fc.record({ path, file: fc.option(other) });

const deed = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      ...{ do: fc.constant("edit"), turn, wishes },
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ do: fc.constant("break"), turn, wishes },
      /** The server dies when the edit is on record, or when it is done and that is not. */
      dies: fc.constantFrom("before it", "after it"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("race"), turn, wishes, change }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("undo"), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("undo turn"), turn }) },
  { weight: 1, arbitrary: fc.constant({ do: "undo session" }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("meddle"), change }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;
const beginning = fc.array(change, { maxLength: 5 });
const deeds = fc.array(deed, { minLength: 8, maxLength: 20 });
type Meddling = Extract<Deed, { do: "meddle" }>;
type Editing = Extract<Deed, { wishes: unknown }>;

/** What chance finds seldom: somebody else between two edits that are taken back as one, or within one. */
const wrote = (line: string): Editing => ({
  ...{ do: "edit", turn: 0, wishes: [{ kind: "write", path: "a.txt", lines: [line] }] },
});
const between = (file: Meddling["change"]["file"]): [Meddling["change"][], Deed[]] => [
  [{ path: "a.txt", file: { lines: ["alpha"], mode: 0o644 } }],
  [
    wrote("beta"),
    { do: "meddle", change: { path: "a.txt", file } },
    wrote("gamma"),
    {
      ...wrote("delta"),
      do: "race",
      change: { path: "a.txt", file: { lines: null, mode: 0o600 } },
    },
    { do: "undo turn", turn: 0 },
    { do: "undo", which: 1 },
    { do: "undo turn", turn: 0 },
  ],
];
/** Who put it back by hand is not kept from the undo, nor from that of the edit before it. */
const byHand: [Meddling["change"][], Deed[]] = [
  [{ path: "a.txt", file: { lines: ["alpha"], mode: 0o755 } }],
  [
    wrote("beta"),
    wrote("gamma"),
    { do: "meddle", change: { path: "a.txt", file: { lines: ["beta"], mode: 0o644 } } },
    { do: "undo", which: 1 },
    { do: "undo", which: 0 },
    { do: "undo", which: 2 },
    { do: "restart" },
  ],
];
const examples = [
  byHand,
  between({ lines: ["zeta"], mode: 0o644 }),
  between({ lines: null, mode: 0o755 }),
  between(null),
];

let ground: Awaited<ReturnType<typeof openGround>>;
beforeAll(async () => void (ground = await openGround()));
afterAll(() => ground.close());

test("edits, undos, changes by others, crashes and restarts end as the model says", async () => {
  await fc.assert(
    fc.asyncProperty(beginning, deeds, async (changes, deeds) => {
      const folder = await ground.newFolder(TURNS);
      const play = createPlay(folder);
      for (const one of changes) await play.act({ do: "meddle", change: one });
      for (const one of deeds) {
        await play.act(one);
        await play.agree();
      }
      await play.stop();
      await folder.remove();
    }),
    { numRuns: RUNS, examples },
  );
});

type Folder = Awaited<ReturnType<typeof ground.newFolder>>;

/** Does what the deeds say to real files and to the model. */
function createPlay({ root, session_id, turn_ids }: Folder) {
  const { person } = ground;
  const model = createModel();
  let edits = ground.newEdits();

  const callOf = (turn: number): EditCall => ({
    ...{ turn_id: turn_ids[turn]!, step: 1, call_id: "call_1", intent: "try" },
    ...{ person_id: person.id, workspace: root },
  });

  async function meddleWith({
    path,
    file,
  }: typeof change extends fc.Arbitrary<infer T> ? T : never) {
    const text = file?.lines ? textOf(file.lines) : fileAt(path)?.text;
    const now = file === null || text === undefined ? null : { text, mode: file.mode };
    await meddle(root.path, path, now);
    model.outside(path, now);
  }

  /** On record, and how far it is to be done; null: it is refused, or there is nothing to do. */
  async function prepare({ turn, wishes }: Pick<Editing, "turn" | "wishes">) {
    const found = model.tree();
    const { changes, tree } = wished(found, wishes);
    const prepared = await edits
      .prepare(callOf(turn), changes)
      .catch((fault: unknown) => unless(FileRefused, fault));
    expect(prepared !== null, `${JSON.stringify(changes)} can be done`).toBe(tree !== null);
    if (prepared === null || tree === null) return null;
    const steps = difference(found, tree);
    expect(prepared.effect?.files.map((file) => file.path).toSorted() ?? []).toEqual(
      steps.map((step) => step.path).toSorted(),
    );
    if (prepared.effect === null) return null;
    await ground.store.commit({ writes: prepared.writes });
    return { ...prepared, id: prepared.effect.edit_id, turn_id: callOf(turn).turn_id, steps };
  }

  async function edit(editing: Editing): Promise<void> {
    const prepared = await prepare(editing);
    if (prepared === null) return;
    const { id, turn_id, steps, apply } = prepared;
    if (editing.do === "break" && editing.dies === "before it") return model.untouched(id, turn_id);
    if (editing.do === "race") await meddleWith(editing.change);
    const is_met = steps.some(({ path, before }) => !isSame(before, fileAt(path)));
    const end = await apply();
    expect(end.state, `${end.fault}`).toBe(is_met ? "untouched" : "applied");
    if (editing.do !== "break") await ground.store.commit({ writes: end.writes });
    if (is_met) model.untouched(id, turn_id);
    else model.edited(id, turn_id, steps);
  }

  const fileAt = (path: string) => model.tree().get(path) ?? null;

  async function undo(target: Target): Promise<void> {
    const expected = model.takingBack(target);
    const made = await edits.undo(person, target).catch((fault: unknown) => unless(Refusal, fault));
    expect(made !== null, `${JSON.stringify(target)} can be undone`).toBe(expected !== null);
    if (made === null || expected === null) return;
    expect(made).toMatchObject({ state: "applied", fault: null, origin: "undo" });
    expect(made.undoes).toEqual(expected.undoes);
    model.undone(made.id, expected);
  }

  async function restart(): Promise<void> {
    await edits.stop();
    edits = ground.newEdits();
    await edits.start();
  }

  return {
    async act(deed: Deed): Promise<void> {
      switch (deed.do) {
        case "edit":
        case "race":
          return edit(deed);
        case "break":
          await edit(deed);
          return restart();
        case "undo": {
          const ids = model.ids();
          const edit_id = ids[deed.which % Math.max(1, ids.length)];
          return edit_id === undefined ? undefined : undo({ edit_id });
        }
        case "undo turn":
          return undo({ turn_id: turn_ids[deed.turn]! });
        case "undo session":
          return undo({ session_id });
        case "meddle":
          return meddleWith(deed.change);
        case "restart":
          return restart();
      }
    },
    async agree(): Promise<void> {
      expect(await treeOf(root.path)).toEqual(model.tree());
      const page = await edits.list(person, { workspace_id: root.id }, { limit: 200 });
      const told = page.items.map(({ id, state, undone_by }) => ({ id, state, undone_by }));
      expect(told).toEqual(model.standing());
    },
    stop: () => edits.stop(),
  };
}

function unless(kind: typeof FileRefused | typeof Refusal, fault: unknown): null {
  if (fault instanceof kind) return null;
  throw fault;
}
