/** What edits and undos come to: all of it, in memory, without a disk or a database. */

export interface ModelFile {
  readonly text: string;
  readonly mode: number;
}
export type Tree = ReadonlyMap<string, ModelFile>;

export interface ModelStep {
  readonly path: string;
  readonly before: ModelFile | null;
  readonly after: ModelFile | null;
}

interface ModelEdit {
  readonly id: string;
  /** Null: it is an undo. */
  readonly turn_id: string | null;
  readonly state: "applied" | "untouched";
  readonly steps: readonly ModelStep[];
  readonly undoes: readonly string[];
  undone_by: string | null;
}

export type Target =
  | { readonly edit_id: string }
  | { readonly turn_id: string }
  | { readonly session_id: string };

/** An undo that can be done: what it takes back, and the files after it. */
interface TakingBack {
  readonly undoes: readonly string[];
  readonly tree: Tree;
}

export function createModel() {
  const edits: ModelEdit[] = [];
  let tree: Tree = new Map();

  const named = (ids: readonly string[]) => edits.filter(({ id }) => ids.includes(id));
  const isInPlace = ({ state, undone_by }: ModelEdit) => state === "applied" && undone_by === null;
  const stands = (edit: ModelEdit) => isInPlace(edit) && edit.turn_id !== null;

  /** In the order in which they were done. */
  function targetsOf(target: Target): readonly ModelEdit[] {
    if ("turn_id" in target)
      return edits.filter((edit) => stands(edit) && edit.turn_id === target.turn_id);
    if ("session_id" in target) return edits.filter(stands);
    const found = named([target.edit_id]).filter(isInPlace);
    const again = found.flatMap(({ undoes }) =>
      named(undoes)
        .filter(({ turn_id }) => turn_id === null)
        .flatMap((undo) => undo.undoes),
    );
    return again.length === 0 ? found : named(again).filter(stands);
  }

  return {
    tree: () => tree,
    ids: () => edits.map(({ id }) => id),
    /** Newest first, as they are listed. */
    standing: () =>
      edits.map(({ id, state, undone_by }) => ({ id, state, undone_by })).toReversed(),

    outside(path: string, file: ModelFile | null): void {
      tree = withFile(tree, path, file);
    },
    edited(id: string, turn_id: string, steps: readonly ModelStep[]): void {
      edits.push({ id, turn_id, state: "applied", steps, undoes: [], undone_by: null });
      for (const { path, after } of steps) tree = withFile(tree, path, after);
    },
    untouched(id: string, turn_id: string): void {
      const nothing = { steps: [], undoes: [], undone_by: null };
      edits.push({ id, turn_id, state: "untouched", ...nothing });
    },

    /** Null: it is refused, and nothing changes. */
    takingBack(target: Target): TakingBack | null {
      const targets = targetsOf(target);
      const next = targets.length === 0 ? null : takenBack(tree, targets);
      return next && { undoes: targets.map(({ id }) => id), tree: next };
    },
    undone(id: string, { undoes, tree: next }: TakingBack): void {
      const steps = difference(tree, next);
      edits.push({ id, turn_id: null, state: "applied", steps, undoes, undone_by: null });
      for (const edit of edits) {
        const was_undone_by = named(undoes).find((undo) => undo.id === edit.undone_by);
        if (was_undone_by) edit.undone_by = null;
        if (undoes.includes(edit.id)) edit.undone_by = id;
      }
      tree = next;
    },
  };
}

/** Null where something else came between the edits, or after them. */
function takenBack(tree: Tree, edits: readonly ModelEdit[]): Tree | null {
  const nets = new Map<string, { found: ModelFile | null; left: ModelFile | null }>();
  for (const { path, before, after } of edits.flatMap(({ steps }) => steps)) {
    const net = nets.get(path);
    if (net === undefined) {
      nets.set(path, { found: before, left: after });
      continue;
    }
    if (net.left?.text !== before?.text) return null;
    // A mode that somebody else gave it between them stays.
    if (net.found && net.left && before && net.found.mode === net.left.mode)
      net.found = { ...net.found, mode: before.mode };
    net.left = after;
  }
  let next = tree;
  for (const [path, { found, left }] of nets) {
    if (isSame(found, left)) continue;
    const now = tree.get(path) ?? null;
    if (now?.text !== left?.text) {
      if (now?.text !== found?.text) return null;
      continue;
    }
    const keeps_mode = now !== null && found?.mode === left?.mode;
    next = withFile(next, path, found && keeps_mode ? { ...found, mode: now.mode } : found);
  }
  return next;
}

export const isSame = (one: ModelFile | null, other: ModelFile | null): boolean =>
  one?.text === other?.text && one?.mode === other?.mode;

export function withFile(tree: Tree, path: string, file: ModelFile | null): Tree {
  const next = new Map(tree);
  if (file === null) next.delete(path);
  else next.set(path, file);
  return next;
}

export function difference(one: Tree, other: Tree): ModelStep[] {
  return [...new Set([...one.keys(), ...other.keys()])]
    .map((path) => ({ path, before: one.get(path) ?? null, after: other.get(path) ?? null }))
    .filter(({ before, after }) => !isSame(before, after));
}
