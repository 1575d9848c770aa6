import type { Changes } from "@mainstay/sdk/changes";
import { systemClock } from "@mainstay/sdk/clock";
import type { WorkspaceRoot } from "../../kernel/workspace.ts";
import { serve } from "../threads/serve.ts";
import { compare, doubtedIn } from "./compare.ts";
import { type Goes, type Notes, openNotes } from "./notes.ts";
import { type Snapshot, type SnapshotBounds, takeSnapshot } from "./snapshot.ts";

/** What the recorder asks of its thread, and what it hears. */
export type Wish =
  | {
      readonly kind: "before";
      readonly command_id: string;
      readonly root: WorkspaceRoot;
      readonly goes: Goes;
    }
  | { readonly kind: "since" | "forget"; readonly command_id: string };
export type Answer =
  | { readonly done: true }
  | { readonly changes: Omit<Changes, "overlapped"> }
  | { readonly absent: true };

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

const remembered = new Map<string, Snapshot>();

serve<Wish, Answer>((folder) => {
  const notes = openNotes(String(folder), systemClock.now());
  return (wish) => [answer(notes, wish)];
});

function answer(notes: Notes, wish: Wish): Answer {
  switch (wish.kind) {
    case "before": {
      const { command_id, root, goes } = wish;
      const { path, ino, owner_uid } = root;
      const snapshot = snapshotOf(root, remembered.get(path));
      notes.write(command_id, goes, { root: { path, ino, owner_uid }, snapshot });
      return { done: true };
    }
    case "since": {
      const noted = notes.read(wish.command_id);
      if (noted === null) return { absent: true };
      return { changes: compare(noted.snapshot, snapshotOf(noted.root, noted.snapshot)) };
    }
    case "forget":
      notes.remove(wish.command_id);
      return { done: true };
  }
}

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
