import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import type { Changes } from "@mainstay/sdk/changes";
import { systemClock } from "@mainstay/sdk/clock";
import { messageOf } from "../../kernel/errors.ts";
import type { WorkspaceRoot } from "../../kernel/workspace.ts";
import { compare, doubtedIn } from "./compare.ts";
import { Snapshot, type SnapshotBounds, takeSnapshot } from "./snapshot.ts";

/** What the recorder asks of its thread, and what it hears. */
export type Wish =
  | { readonly kind: "before" | "since"; readonly command_id: string; readonly root: WorkspaceRoot }
  | { readonly kind: "forget"; readonly command_id: string };
export type Answer =
  | { readonly done: true }
  | { readonly changes: Omit<Changes, "overlapped"> }
  | { readonly absent: true }
  | { readonly failed: string };

const BOUNDS: SnapshotBounds = {
  entries: 20_000,
  names: 200_000,
  wall_ms: 2_000,
  file_bytes: 8 << 20,
  hashed_bytes: 128 << 20,
  depth: 32,
};
/** Workspaces whose last snapshot is kept, so that what has not changed is not hashed again. */
const REMEMBERED = 4;
/** Notes of commands that nobody came back for. */
const FORGOTTEN_MS = 7 * 24 * 60 * 60 * 1000;

if (parentPort === null) throw new Error("this file is a thread, started by recorder.ts");
const port = parentPort;
const folder = String(workerData);
const remembered = new Map<string, Snapshot>();

const noteOf = (command_id: string): string => join(folder, `${command_id}.json`);

function snapshotOf(root: WorkspaceRoot, last: Snapshot | undefined): Snapshot {
  const snapshot = takeSnapshot(root, {
    bounds: BOUNDS,
    known: new Map(last?.entries),
    doubted: new Set(last === undefined ? [] : doubtedIn(last)),
    monotonic: systemClock.monotonic,
    now_ms: systemClock.now(),
  });
  remembered.delete(root.path);
  remembered.set(root.path, snapshot);
  for (const path of [...remembered.keys()].slice(0, -REMEMBERED)) remembered.delete(path);
  return snapshot;
}

function answer(wish: Wish): Answer {
  switch (wish.kind) {
    case "before": {
      const before = snapshotOf(wish.root, remembered.get(wish.root.path));
      writeFileSync(noteOf(wish.command_id), JSON.stringify(before), { mode: 0o600 });
      return { done: true };
    }
    case "since": {
      const before = noted(wish.command_id);
      return before === null
        ? { absent: true }
        : { changes: compare(before, snapshotOf(wish.root, before)) };
    }
    case "forget":
      rmSync(noteOf(wish.command_id), { force: true });
      return { done: true };
  }
}

function noted(command_id: string): Snapshot | null {
  try {
    return Snapshot.parse(JSON.parse(readFileSync(noteOf(command_id), "utf8")));
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fault;
  }
}

function sweep(): void {
  const oldest_ms = systemClock.now() - FORGOTTEN_MS;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < oldest_ms) rmSync(path, { force: true });
  }
}

mkdirSync(folder, { recursive: true, mode: 0o700 });
sweep();
port.on("message", ({ number, wish }: { number: number; wish: Wish }) => {
  try {
    port.postMessage({ number, answer: answer(wish) });
  } catch (fault) {
    port.postMessage({ number, answer: { failed: messageOf(fault) } });
  }
});
