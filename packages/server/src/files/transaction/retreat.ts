import { FileRefused, isErrno, refusalOf, saidOf } from "../refused.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Ground, Spot } from "./ground.ts";
import type { Laid } from "./lay.ts";
import { removeLeftover, syncFolders } from "./leftovers.ts";
import { layBack, putBack } from "./put-back.ts";
import { sightingAt } from "./sighting.ts";
import { leaving, listed, nothingHappened, withSentence } from "./told.ts";

/**
 * Takes back what was switched, the last first, and removes what was laid.
 * @param reached the steps whose switch was at least tried
 * @returns what to throw: `cause`, and what is untouched; "torn" where it could not be taken back
 */
export async function retreat(
  ground: Ground,
  reached: readonly Laid[],
  cause: unknown,
): Promise<unknown> {
  const theirs: string[] = [];
  const stuck = new Map<Spot, string>();
  for (const { laid, outcome } of await inReverse(reached)) {
    if (outcome === "theirs") theirs.push(laid.spot.step.path);
    else if (outcome !== "back") stuck.set(laid.spot, outcome.fault);
  }
  const left = [...sweep(ground, stuck), ...(await syncFolders(ground.folders))];
  const fault = refusalOf("the edit", cause);
  if (stuck.size > 0) return torn(fault, ground, reached, stuck, left);
  return leaving(withSentence(fault, untouched(ground, theirs)), left);
}

type Outcome = "back" | "theirs" | { readonly fault: string };

async function inReverse(reached: readonly Laid[]): Promise<{ laid: Laid; outcome: Outcome }[]> {
  const outcomes: { laid: Laid; outcome: Outcome }[] = [];
  for (const laid of reached.toReversed()) outcomes.push({ laid, outcome: await takeBack(laid) });
  return outcomes;
}

async function takeBack({ spot, original, ours }: Laid): Promise<Outcome> {
  const was = original?.sighting ?? null;
  try {
    if (sightingAt(spot.at) === was) return "back";
    const from = wayBack({ spot, original, ours });
    if (from === "fresh" && original !== null) await layBack(spot, original.bytes);
    if (sightingAt(spot.at) !== ours) return "theirs";
    putBack(spot, from);
    return "back";
  } catch (fault) {
    if (isTaken(fault)) return "theirs";
    return standing({ spot, original, ours }) === "as before" ? "back" : { fault: saidOf(fault) };
  }
}

/** Its second name; what has none, or none any more, is laid down again. */
const wayBack = ({ spot, original }: Laid): "old" | "fresh" =>
  original === null || (original.is_linked && sightingAt(spot.old) !== null) ? "old" : "fresh";

/** Somebody was faster: the name is not free any more. */
const isTaken = (fault: unknown): boolean =>
  isErrno(fault)
    ? fault.code === "EEXIST"
    : fault instanceof FileRefused && fault.fault === "conflict";

/** The way back stays where it is still needed. */
function sweep({ spots, unmake }: Ground, stuck: ReadonlyMap<Spot, string>): string[] {
  const left = spots.flatMap((spot) => [
    ...removeLeftover(spot.fresh, spot.step.path),
    ...(stuck.has(spot) ? [] : removeLeftover(spot.old, spot.step.path)),
  ]);
  return stuck.size > 0 ? left : [...left, ...unmake()];
}

function untouched({ spots }: Ground, theirs: readonly string[]): string {
  const steps = spots.map(({ step }) => step).filter(({ path }) => !theirs.includes(path));
  const kept = steps.length === 0 ? "" : nothingHappened(steps);
  if (theirs.length === 0) return kept;
  return `${listed(theirs)} was changed by somebody else meanwhile, and is left so. ${kept}`.trim();
}

function torn(
  fault: unknown,
  { spots }: Ground,
  reached: readonly Laid[],
  stuck: ReadonlyMap<Spot, string>,
  left: readonly string[],
): FileRefused {
  const each = spots.map((spot) => {
    const why = stuck.get(spot);
    const laid = reached.find((one) => one.spot === spot);
    return `${spot.step.path}: ${standing(laid)}${why === undefined ? "" : ` (${why})`}`;
  });
  return new FileRefused(
    "torn",
    `${messageOf(fault)}. It could not be taken back whole. ${[...each, ...left].join("; ")}`,
    { cause: fault },
  );
}

function standing(laid: Laid | undefined): string {
  if (laid === undefined) return "as before";
  try {
    const now = sightingAt(laid.spot.at);
    if (now === (laid.original?.sighting ?? null)) return "as before";
    return now === laid.ours ? "as after the edit" : "changed by somebody else";
  } catch (fault) {
    return `cannot be looked at: ${saidOf(fault)}`;
  }
}
