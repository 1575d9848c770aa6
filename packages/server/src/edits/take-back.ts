import type { FileStep } from "../files/files.ts";

/** An edit as its row has it. */
export interface EditOnRecord {
  readonly id: string;
  readonly intent: string;
  readonly steps: readonly FileStep[];
}

/** Between two of the edits somebody else changed the file: what they made of it would be lost. */
export interface Gap {
  readonly path: string;
  readonly after: EditOnRecord;
  readonly before: EditOnRecord;
}

/** All that edits did to one path. */
interface Net {
  found: FileStep["before"];
  left: FileStep["after"];
  last: EditOnRecord;
}

/**
 * What takes edits back, all of them as one: of each path what the first of them found, where the last of
 * them left it. Pure.
 *
 * @param edits in the order in which they were done
 * @returns steps whose `before` is what must be there now; with gaps none can be done
 */
export function takeBack(edits: readonly EditOnRecord[]): {
  readonly steps: FileStep[];
  readonly gaps: readonly Gap[];
} {
  const nets = new Map<string, Net>();
  const gaps: Gap[] = [];
  for (const edit of edits)
    for (const { path, before, after } of edit.steps) {
      const net = nets.get(path);
      if (net === undefined) {
        nets.set(path, { found: before, left: after, last: edit });
        continue;
      }
      if (!isSame(net.left, before)) gaps.push({ path, after: net.last, before: edit });
      net.found = withMode(net, before);
      net.left = after;
      net.last = edit;
    }
  const steps = [...nets]
    .filter(([, { found, left }]) => !isSame(found, left) || found?.mode !== left?.mode)
    .map(([path, { found, left }]): FileStep => ({ path, before: left, after: found }));
  return { steps: movedBack(steps, edits), gaps };
}

/** A mode that the edits left alone, and somebody else changed between them, stays. */
function withMode({ found, left }: Net, now: FileStep["before"]): FileStep["before"] {
  if (found === null || now === null || found.mode !== left?.mode) return found;
  return { ...found, mode: now.mode };
}

const isSame = (one: FileStep["before"], other: FileStep["before"]): boolean =>
  one?.sha256 === other?.sha256;

/** What was moved is moved back, where it is still the same. */
function movedBack(steps: readonly FileStep[], edits: readonly EditOnRecord[]): FileStep[] {
  const moves = edits.flatMap((edit) => edit.steps).filter(({ moved_from }) => moved_from);
  const gone = new Map(
    steps.filter(({ after }) => after === null).map((step) => [step.path, step.before?.sha256]),
  );
  return steps.map((step) => {
    if (step.before !== null) return step;
    const move = moves.findLast(
      ({ path, moved_from }) => moved_from === step.path && gone.get(path) === step.after?.sha256,
    );
    return move === undefined ? step : { ...step, moved_from: move.path };
  });
}
