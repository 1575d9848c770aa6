import { type Stats, fstatSync } from "node:fs";
import { allEnded } from "../all-ended.ts";
import type { Backups } from "../backups.ts";
import { bounds } from "../bounds.ts";
import { readUpTo, sha256Of } from "../bytes.ts";
import { letGo } from "../descriptor.ts";
import type { EditPlan } from "../edit.ts";
import { openToRead } from "../open-file.ts";
import { FileRefused, isErrno, refusalOf } from "../refused.ts";
import { demand, demandOfKernel } from "../rights.ts";
import { appeared, changed, chmodded, gone, noFile } from "./conflict.ts";
import { linked, permissions, writeFresh } from "./fresh-file.ts";
import type { Spot } from "./ground.ts";
import { give, giveLike } from "./owner.ts";
import { type Sighting, sightingAt, sightingOn } from "./sighting.ts";

/** A step that only needs the switch. */
export interface Laid {
  readonly spot: Spot;
  /** What is there until the switch; null: nothing. */
  readonly original: Original | null;
  /** What is there after it; null: nothing. */
  readonly ours: Sighting | null;
}

export interface Original {
  readonly sighting: Sighting;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** It has the name `old`, too. */
  readonly is_linked: boolean;
}

type Content = EditPlan["contents"][number];

/** More files of one edit are not open at the same time. */
const AT_ONCE = 32;

/**
 * Everything but the switch: the originals held and kept, the new contents on the disk.
 * @throws FileRefused; what was laid by then is found by its names
 */
export async function lay(
  spots: readonly Spot[],
  contents: readonly Content[],
  backups: Backups,
): Promise<Laid[]> {
  const laid: Laid[] = [];
  for (let from = 0; from < spots.length; from += AT_ONCE) {
    const some = spots.slice(from, from + AT_ONCE);
    const laying = some.map((spot, i) => layStep(spot, contents[from + i], backups));
    laid.push(...(await allEnded(laying)));
  }
  return laid;
}

async function layStep(
  spot: Spot,
  content: Content = { before: null, after: null },
  backups: Backups,
): Promise<Laid> {
  try {
    const original = hold(spot, content.before);
    const fresh = layFresh(spot, content.after);
    await allEnded<unknown>([fresh, keep(spot, original, content.after, backups)]);
    return { spot, original, ours: await fresh };
  } catch (fault) {
    throw refusalOf(spot.step.path, fault);
  }
}

async function layFresh({ step, fresh }: Spot, bytes: Uint8Array | null): Promise<Sighting | null> {
  if (step.after === null) return null;
  if (bytes === null) throw new Error(`the plan has no content for ${step.path}`);
  const { path, before, after } = step;
  return writeFresh(fresh, bytes, after, (fd) =>
    before === null ? give(fd, after) : giveLike(fd, path, before),
  );
}

async function keep(
  { step }: Spot,
  original: Original | null,
  after: Uint8Array | null,
  backups: Backups,
): Promise<void> {
  const keeping: Promise<void>[] = [];
  if (original !== null) {
    keeping.push(backups.keep(original.bytes, original.sha256, "durable"));
  }
  if (step.after !== null && after !== null) {
    keeping.push(backups.keep(after, step.after.sha256, "later"));
  }
  try {
    await allEnded(keeping);
  } catch (fault) {
    throw noBackup(refusalOf(step.path, fault));
  }
}

const noBackup = (fault: unknown): unknown =>
  fault instanceof FileRefused
    ? new FileRefused(fault.fault, `the backup of ${fault.message}`, { cause: fault })
    : fault;

/** Gives the original its second name, and reads it through that: what is read is what is held. */
function hold(spot: Spot, expected: Uint8Array | null): Original | null {
  const { step, at, old } = spot;
  if (step.before === null) {
    if (sightingAt(at) !== null) throw appeared(step.path);
    return null;
  }
  const is_linked = linkedIfThere(spot);
  const fd = openToRead(is_linked ? old : at);
  try {
    const stat = fstatSync(fd);
    refuseForeign(fd, stat, spot);
    const sighting = sightingOn(fd);
    const bytes = readUpTo(fd, Math.min(stat.size, bounds.file_bytes) + 1);
    const sha256 = sha256Of(bytes);
    if (sha256 !== step.before.sha256) throw changed(step.path, step.before, expected, bytes);
    if (permissions(stat.mode) !== permissions(step.before.mode))
      throw chmodded(step.path, stat.mode);
    return { sighting, bytes, sha256, is_linked };
  } finally {
    letGo(fd);
  }
}

function linkedIfThere({ step, at, old }: Spot): boolean {
  try {
    return linked(at, old);
  } catch (fault) {
    if (isErrno(fault) && fault.code === "ENOENT") throw gone(step.path);
    throw fault;
  }
}

/** To take a file's place needs no right to the file: it is asked for. */
function refuseForeign(fd: number, stat: Stats, { step, folder }: Spot): void {
  if (!stat.isFile()) throw noFile(step.path);
  demand("read", step.path, stat, folder.rights);
  demand("write", step.path, stat, folder.rights);
  if (folder.rights === null) demandOfKernel(fd, step.path, stat);
}
