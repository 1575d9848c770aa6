import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "@mainstay/sdk/clock";
import writeFileAtomic from "write-file-atomic";
import { createEdits, type Edits } from "../packages/server/src/edits/edits.ts";
import { type Change, workspaceFiles } from "../packages/server/src/files/files.ts";
import { newId } from "../packages/server/src/kernel/ids.ts";
import type { TurnWorkspace } from "../packages/server/src/kernel/workspace.ts";
import { openSqliteStore } from "../packages/server/src/store/sqlite.ts";
import type { Statement, Store } from "../packages/server/src/store/store.ts";
import { createLog } from "../packages/server/src/telemetry/log.ts";
import { populate } from "../packages/server/test/store/population.ts";
import { type Claim, ours } from "./claim.ts";
import { scratchFolder } from "./house.ts";
import { median, percentile } from "./sample.ts";

const SIZE_BYTES = 10_000;
const MANY = 16;
const ROUNDS = 5;
/** In each round, of each way to write. */
const WRITES = { one: 120, many: 800 };
const WARM_UP = 60;
const RESOLUTION_MS = 1;

/** One way to bring a file from one revision to the next; `writer` has a file of its own. */
type Write = (writer: number, from: number, to: number) => Promise<unknown>;

interface Ways {
  /** Planned, with a backup, synced, read back. */
  readonly edit: Write;
  /** The same as the tools do it: on record and on the trail before, and after. */
  readonly recorded: Write;
  readonly atomic: Write;
  readonly synced: Write;
  readonly plain: Write;
}

/**
 * Edits of a 10 kB file beside other ways to write one, round by round in one run: the disk has better and
 * worse minutes.
 */
export async function measureEdits(clock: Clock): Promise<Claim[]> {
  await using folder = await scratchFolder();
  const workspaces = Array.from({ length: MANY }, (_, i) => workspaceIn(folder.path, i));
  const store = await openSqliteStore({ home: join(folder.path, "home"), clock });
  const log = createLog("silent");
  const backups = { folder: join(folder.path, "backups"), budget: { bytes: 2 ** 30, days: 30 } };
  const files = workspaceFiles({ clock, uid: process.getuid?.() ?? 0, backups, log });
  try {
    await populate(store);
    const edits = createEdits({
      ...{ store, files, clock, newId, log },
      journal: { read: () => Promise.reject(new Error("no answer is read here")) },
      pauses: { person: () => null },
      touched: () => {},
    });
    const edit: Write = async (writer, ...revision) => {
      const plan = await files.plan(workspaces[writer]!, [changeOf(...revision)], newId("edit"));
      await files.apply(workspaces[writer]!, plan);
    };
    const ends: Promise<unknown>[] = [];
    const recorded: Write = async (writer, ...revision) => {
      const workspace = workspaces[writer]!;
      const writes = await onRecord(store, edits, workspace, changeOf(...revision));
      // A turn goes on while its end is written; what it writes next waits for that.
      ends.push(store.commit({ writes }));
    };
    const paths = workspaces.map(({ path }) => join(path, NAME));
    const claims = await compare({ edit, recorded, ...othersAt(paths) }, clock);
    await Promise.all(ends);
    return claims;
  } finally {
    await files.close();
    await store.close();
  }
}

/** A folder for each writer, with one file: as many people. */
function workspaceIn(folder: string, writer: number): TurnWorkspace {
  const path = join(folder, `workspace-${writer}`);
  mkdirSync(path);
  writeFileSync(join(path, NAME), textOf(0));
  const { ino, uid } = statSync(path, { bigint: true });
  return { id: "w", path, ino: String(ino), owner_uid: Number(uid) };
}

const NAME = "file.txt";

/** Lines of some text, and in their midst the one that changes. */
function textOf(revision: number): string {
  const some = "a line of some text that is as long as lines are\n".repeat(
    Math.floor(SIZE_BYTES / 100),
  );
  const line = `${revisionOf(revision)}\n`;
  return some + line + some.slice(0, SIZE_BYTES - some.length - line.length);
}

const revisionOf = (revision: number): string => `revision ${revision}.`;

const changeOf = (from: number, to: number): Change => ({
  ...{ kind: "replace", path: NAME, replace_all: false },
  ...{ old_text: revisionOf(from), new_text: revisionOf(to) },
});

async function onRecord(
  store: Store,
  edits: Edits,
  workspace: TurnWorkspace,
  change: Change,
): Promise<readonly Statement[]> {
  const call = { turn_id: "t1", step: 1, call_id: "call_1", intent: "measure", person_id: "p" };
  const edit = await edits.prepare({ ...call, workspace }, [change]);
  await store.commit({ writes: edit.writes });
  const { state, writes } = await edit.apply();
  if (state !== "applied") throw new Error(`an edit was ${state}`);
  return writes;
}

/** To the same files. */
const othersAt = (paths: readonly string[]): Pick<Ways, "atomic" | "synced" | "plain"> => ({
  atomic: (writer, _, to) => writeFileAtomic(paths[writer]!, textOf(to)),
  synced: async (writer, _, to) => {
    await using file = await open(paths[writer]!, "w");
    await file.writeFile(textOf(to));
    await file.sync();
  },
  plain: async (writer, _, to) => {
    await using file = await open(paths[writer]!, "w");
    await file.writeFile(textOf(to));
  },
});

interface Measured {
  readonly times_ms: number[];
  elapsed_ms: number;
}

async function compare(ways: Ways, clock: Clock): Promise<Claim[]> {
  const names = Object.keys(ways) as (keyof Ways)[];
  const fresh = () =>
    new Map(names.map((name) => [name, { times_ms: [], elapsed_ms: 0 } as Measured]));
  const one = fresh();
  const many = fresh();
  for (const name of names) await run(ways[name], MANY, WARM_UP, clock);
  const late_ms: number[] = [];
  for (let round = 0; round < ROUNDS; round++)
    for (const name of names) {
      add(one.get(name)!, await run(ways[name], 1, WRITES.one, clock));
      const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      delay.enable();
      add(many.get(name)!, await run(ways[name], MANY, WRITES.many, clock));
      if (name === "edit") late_ms.push(delay.percentile(99) / 1e6 - RESOLUTION_MS);
      delay.disable();
    }
  return [
    ...claimsOf("one writer", one, 300),
    ...claimsOf(`${MANY} writers`, many, 1_500),
    {
      claim: `… lateness of the server's event loop meanwhile, ${MANY} writers, p99`,
      n: late_ms.length,
      measured: median(late_ms),
      unit: "ms",
      target: null,
      note: "median of the rounds",
    },
  ];
}

/** By writer. */
const revisions: number[] = Array(MANY).fill(0);

async function run(write: Write, writers: number, count: number, clock: Clock): Promise<Measured> {
  const times_ms: number[] = [];
  const began_ms = clock.monotonic();
  let begun = 0;
  const writer = async (_: unknown, name: number) => {
    while (begun++ < count) {
      const from = revisions[name]!;
      revisions[name] = from + 1;
      const asked_ms = clock.monotonic();
      await write(name, from, from + 1);
      times_ms.push(clock.monotonic() - asked_ms);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return { times_ms, elapsed_ms: clock.monotonic() - began_ms };
}

function add(to: Measured, { times_ms, elapsed_ms }: Measured): void {
  to.times_ms.push(...times_ms);
  to.elapsed_ms += elapsed_ms;
}

const rateOf = ({ times_ms, elapsed_ms }: Measured): number =>
  times_ms.length / (elapsed_ms / 1000);

function claimsOf(
  who: string,
  measured: ReadonlyMap<keyof Ways, Measured>,
  at_least: number,
): Claim[] {
  const of = (name: keyof Ways) => measured.get(name)!;
  const line = (name: keyof Ways, what: string): Claim => ({
    claim: `${what}, ${who}`,
    n: of(name).times_ms.length,
    measured: rateOf(of(name)),
    unit: "edits/s",
    target: OURS.has(name) ? ours("at least", at_least) : null,
    note:
      `p50 ${median(of(name).times_ms).toFixed(2)} ms, p99 ${percentile(of(name).times_ms, 99).toFixed(1)} ms` +
      (name === "edit" ? "" : `; an edit has ${ratio(of("edit"), of(name))} of its rate`),
  });
  return [
    line("edit", "edits of a 10 kB file (backup, sync, read back)"),
    line("recorded", "… with its record and trail, durable before"),
    line("atomic", "… write-file-atomic, synced"),
    line("synced", "… plain write and sync"),
    line("plain", "… plain write, not synced"),
  ];
}

const OURS: ReadonlySet<keyof Ways> = new Set(["edit", "recorded"]);

const ratio = (a: Measured, b: Measured): string => (rateOf(a) / rateOf(b)).toFixed(2);
