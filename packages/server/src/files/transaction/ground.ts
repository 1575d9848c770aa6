import { fstatSync, mkdirSync, opendirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { letGo } from "../descriptor.ts";
import type { EditRecord, FileStep } from "../edit.ts";
import { FileRefused, isErrno, refusalOf } from "../refused.ts";
import {
  type Folder,
  type Place,
  type Root,
  beneath,
  demandOn,
  openFolder,
  openPlace,
} from "../walk.ts";
import { removeFolder } from "./leftovers.ts";
import { type Owner, give, ownerIn } from "./owner.ts";
import { leaving } from "./told.ts";

/** Where one step of an edit happens. The names lead through an open folder: no walk is left to do. */
export interface Spot {
  readonly step: FileStep;
  readonly folder: Folder;
  /** The file itself. */
  readonly at: string;
  /** What shall be there, until it is. */
  readonly fresh: string;
  /** A second name of the original, until the edit has ended. */
  readonly old: string;
}

/** Names beside the file: the edit's id is random, so they are its own, and found after a crash. */
export function spotIn(folder: Folder, edit_id: string, step: FileStep, i: number): Spot {
  return {
    step,
    folder,
    at: beneath(folder, basename(step.path)),
    fresh: beneath(folder, `.${edit_id}.${i}.new`),
    old: beneath(folder, `.${edit_id}.${i}.old`),
  };
}

/** The open folders of an edit. */
export interface Ground {
  readonly spots: readonly Spot[];
  /** By path; in these it changes names. */
  readonly folders: ReadonlyMap<string, Folder>;
  /** Removes the folders that were made for it, where they are empty. Returns what it could not, a phrase each. */
  unmake(): string[];
  close(): void;
}

/**
 * Walks to each step, and makes the folders on record that are missing, for the workspace's owner.
 * @throws FileRefused when a way is not as it was planned; the folders it made are gone again
 */
export function openGround(root: Root, record: EditRecord): Ground {
  const open = new Map<string, Folder>();
  const made: Made[] = [];
  const spots: Spot[] = [];
  const ground = {
    spots,
    folders: open,
    unmake: () => made.toReversed().flatMap(({ at, path }) => removeFolder(at, path)),
    close: () => open.forEach(({ fd }) => letGo(fd)),
  };
  try {
    for (const [i, step] of record.steps.entries()) {
      const folder = folderFor(root, step.path, { open, made, allowed: record.folders });
      spots.push(spotIn(folder, record.edit_id, step, i));
    }
    return ground;
  } catch (fault) {
    const left = ground.unmake();
    ground.close();
    throw leaving(fault, left);
  }
}

interface Made {
  readonly at: string;
  readonly path: string;
}

interface Making {
  readonly open: Map<string, Folder>;
  readonly made: Made[];
  readonly allowed: readonly string[];
}

function folderFor(root: Root, path: string, making: Making): Folder {
  const place = openPlace(root, path, "write");
  try {
    if (place.path !== path) throw elsewhere(path, place.path);
    return makeMissing(place, making);
  } catch (fault) {
    throw refusalOf(path, fault);
  } finally {
    place.close();
  }
}

function makeMissing(place: Place, making: Making): Folder {
  let path = place.missing.reduce((below) => dirname(below), dirname(place.path));
  let folder = keepOpen(making, path, () => openFolder(place.folder, "."));
  for (const name of place.missing) {
    const above = folder;
    path = join(path, name);
    folder = keepOpen(making, path, () => make(above, name, path, place.workspace, making));
  }
  return folder;
}

/** Opened once for all steps, and closed with the ground. */
function keepOpen({ open }: Making, path: string, openIt: () => Folder): Folder {
  const known = open.get(path);
  if (known !== undefined) return known;
  const folder = openIt();
  open.set(path, folder);
  demandOn(folder, "write", path);
  return folder;
}

/** The folder of that name, made unless somebody else has meanwhile. */
function make(
  above: Folder,
  name: string,
  path: string,
  workspace: Folder,
  { made, allowed }: Making,
): Folder {
  if (!allowed.includes(path)) throw gone(path);
  const at = beneath(above, name);
  if (!mkdirIfAbsent(at)) return openFolder(above, name);
  made.push({ at, path });
  const owner = ownerIn(workspace.rights, fstatSync(workspace.fd), fstatSync(above.fd));
  return openMade(above, name, owner);
}

function openMade(above: Folder, name: string, owner: Owner): Folder {
  // Not bound by the owner's rights before it is theirs.
  const { fd } = openFolder({ ...above, rights: null }, name);
  try {
    refuseFilled(fd, name);
    give(fd, owner);
    return { fd, rights: above.rights };
  } catch (fault) {
    letGo(fd);
    throw fault;
  }
}

/** Made a moment ago it is empty; what is not was put in its place, and is nobody's to give. */
function refuseFilled(fd: number, name: string): void {
  const folder = opendirSync(`/proc/self/fd/${fd}`);
  try {
    if (folder.readSync() === null) return;
  } finally {
    folder.closeSync();
  }
  throw new FileRefused("conflict", `${JSON.stringify(name)} was replaced while it was made`);
}

/** Whether it was made; false when something of that name is there. */
function mkdirIfAbsent(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (fault) {
    if (!isErrno(fault) || fault.code !== "EEXIST") throw fault;
    return false;
  }
}

const elsewhere = (path: string, now: string) =>
  new FileRefused(
    "conflict",
    `${JSON.stringify(path)} leads to ${JSON.stringify(now)} meanwhile; read it again`,
  );

const gone = (path: string) =>
  new FileRefused("conflict", `the folder ${JSON.stringify(path)} was removed meanwhile`);
