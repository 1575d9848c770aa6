/**
 * Others are at work in the workspace while it is edited: folders become links and back, files of the
 * same name appear. Nothing leaves the workspace, nothing of theirs is overwritten.
 */
import { lstatSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import type { Change, EditPlan } from "../packages/server/src/files/edit.ts";
import { readWindow } from "../packages/server/src/files/read-window.ts";
import { settleEdit } from "../packages/server/src/files/transaction/settle.ts";
import { atPlace, beneath, type Root } from "../packages/server/src/files/walk.ts";
import { whileSwapping, withRival } from "./edits/swapper.ts";
import {
  applied,
  edit,
  planned,
  refusalOf,
  type Workspace,
  withWorkspace,
} from "./edits/workspace.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const LONG = 1_200_000;
const FILES = 50;
const WINDOW = { offset_lines: 1, limit_lines: 10, limit_bytes: 1_000 };

/** Its files have the names of ours, and those of what edits leave after a crash. */
function fillOutside({ outside, root }: Workspace): Map<string, string> {
  const names = Array.from({ length: FILES }, (_, n) => [
    `f${n}`,
    `.edit_${n}.0.new`,
    `.edit_${n}.0.old`,
  ]);
  for (const name of names.flat()) {
    writeFileSync(join(outside, name), `${name} as it was`);
    if (name.startsWith("f")) writeFileSync(join(root.path, "d", name), `${name} as it was`);
  }
  return contentsOf(outside);
}

const contentsOf = (folder: string): Map<string, string> =>
  new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

/** How many attempts were not refused. */
async function tries(count: number, attempt: (n: number) => unknown): Promise<number> {
  let through = 0;
  for (let n = 0; n < count; n++) if ((await refusalOf(() => attempt(n))) === null) through++;
  return through;
}

/** A machine with one processor may do many of them before anybody else is at work. */
const MOST_TIMES = 50;

interface Tried {
  readonly count: number;
  readonly through: number;
}

/** At least `count` of them, and until one was refused and one was not. */
async function triesUntilBoth(count: number, attempt: (n: number) => unknown): Promise<Tried> {
  let through = 0;
  let n = 0;
  for (; n < count || (n < count * MOST_TIMES && (through === 0 || through === n)); n++)
    through += await tries(1, () => attempt(n));
  expect(through, `of ${n} let through`).toBeGreaterThan(0);
  expect(through, `of ${n} let through`).toBeLessThan(n);
  return { count: n, through };
}

/** Every way to touch `d/f…` in turn. */
function touch(workspace: Workspace, n: number): Promise<unknown> {
  const path = `d/f${n % FILES}`;
  const write: Change = { kind: "write", path, content: `${n}` };
  const created: Change = { kind: "write", path: `d/new${n}`, content: `${n}` };
  switch (n % 5) {
    case 0:
      return edit(workspace, { kind: "delete", path }, created);
    case 1:
      return edit(workspace, { kind: "move", path, to: `d/moved${n}` });
    case 2:
      return edit(workspace, { kind: "write", path: `d/made${n}/x`, content: `${n}` }, write);
    default:
      return edit(workspace, write, created);
  }
}

test("a folder is swapped for a link: nothing is made outside", { timeout: LONG }, () =>
  withWorkspace(async ({ root, outside }) => {
    const least = rounds({ short: 4_000, long: 20_000 });
    const { count, through } = await whileSwapping(root.path, outside, () =>
      triesUntilBoth(least, (n) =>
        atPlace(root, `d/f${n % FILES}`, "write", ({ folder, name }) =>
          writeFileSync(beneath(folder, name), "x"),
        ),
      ),
    );
    expect(readdirSync(outside)).toEqual([]);
    report("walks while a folder is swapped for a link", count, `0 outside, ${through} inside`);
  }),
);

test("… and nothing there is changed, moved or removed by edits", { timeout: LONG }, () =>
  withWorkspace(async (workspace) => {
    const { root, outside } = workspace;
    const before = fillOutside(workspace);
    const least = rounds({ short: 1_500, long: 20_000 });
    const { count, through } = await whileSwapping(root.path, outside, () =>
      triesUntilBoth(least, (n) => touch(workspace, n)),
    );
    expect(contentsOf(outside)).toEqual(before);
    report("edits while a folder is swapped for a link", count, `0 outside, ${through} applied`);
  }),
);

test("… nor by the look at what was interrupted", { timeout: LONG }, () =>
  withWorkspace(async (workspace) => {
    const { root, outside, backups } = workspace;
    const before = fillOutside(workspace);
    const least = rounds({ short: 1_000, long: 20_000 });
    const { count, through } = await whileSwapping(root.path, outside, () =>
      triesUntilBoth(least, (n) => {
        const path = `d/f${n % FILES}`;
        const { steps, folders } = planned(workspace, { kind: "write", path, content: "new" });
        return settleEdit(root, { edit_id: `edit_${n % FILES}`, steps, folders }, backups);
      }),
    );
    expect(contentsOf(outside)).toEqual(before);
    report("looks while a folder is swapped for a link", count, `0 outside, ${through} settled`);
  }),
);

test("… nor is anything read from there", { timeout: LONG }, () =>
  withWorkspace(async ({ root, outside }) => {
    writeFileSync(join(outside, "secret"), "outside");
    const count = rounds({ short: 4_000, long: 20_000 });
    const read = await whileSwapping(root.path, outside, () =>
      tries(count, () => readWindow(root, "d/secret", WINDOW)),
    );
    expect(read).toBe(0);
  }),
);

test("planted: realpath, then write, escapes the same race", { timeout: LONG }, () =>
  withWorkspace(async ({ root, outside }) => {
    await whileSwapping(root.path, outside, async () => {
      for (let n = 0; n < 20_000 && readdirSync(outside).length === 0; n++) writeNaively(root);
    });
    expect(readdirSync(outside).length).toBeGreaterThan(0);
  }),
);

/** Between its look and its write it waits for a swap: how long a writer dawdles is for nobody to choose. */
function writeNaively(root: Root): void {
  const file = join(root.path, "d", "f");
  try {
    if (!realpathSync(dirname(file)).startsWith(root.path)) return;
    for (let n = 0; n < 100_000 && !isLink(dirname(file)); n++);
    writeFileSync(file, "x");
  } catch {
    // The folder was away just then.
  }
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

test("somebody creates the same file meanwhile: it is theirs or ours", { timeout: LONG }, () =>
  withWorkspace(async (workspace) => {
    const folder = join(workspace.root.path, "d");
    const random = seeded(seed);
    const least = rounds({ short: 400, long: 10_000 });
    const wins = { ours: 0, theirs: 0 };
    const isOver = (n: number) =>
      n >= least * MOST_TIMES || (n >= least && Math.min(wins.ours, wins.theirs) > 0);
    const planOf = (n: number) =>
      planned(workspace, { kind: "write", path: `d/f${n}`, content: "ours" });
    const ours = async (plan: EditPlan) => {
      const began_ms = systemClock.monotonic();
      const through = await tries(1, () => applied(workspace, plan));
      if (through === 1) took_us = (systemClock.monotonic() - began_ms) * 1_000;
      return through;
    };
    // Of the last edit that was done: the rival comes in the midst of the next one, or after it.
    let took_us = 0;
    await ours(planOf(-1));
    let count = 0;
    await withRival(folder, async (creates) => {
      for (let n = 0; !isOver(n); count = ++n) {
        const plan = planOf(n);
        const theirs = creates(`f${n}`, random() * 4 * took_us);
        const through = await ours(plan);
        const winner = (await theirs) ? "theirs" : "ours";
        wins[winner]++;
        const content = readFileSync(join(folder, `f${n}`), "utf8");
        expect([through, content]).toEqual(winner === "ours" ? [1, "ours"] : [0, "theirs"]);
        rmSync(join(folder, `f${n}`));
      }
    });
    expect(Math.min(wins.ours, wins.theirs)).toBeGreaterThan(0);
    const found = `ours ${wins.ours}, theirs ${wins.theirs}, 0 overwritten`;
    report("rivals for a new file", count, found);
  }),
);
