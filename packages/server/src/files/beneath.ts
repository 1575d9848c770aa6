import { constants } from "node:fs";
import { open, readlink } from "node:fs/promises";
import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { bounds } from "./bounds.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { demandOn } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { FileRefused, isErrno, refusalOf } from "./refused.ts";
import { demand, type Rights } from "./rights.ts";
import { namesOf, namesOfLink } from "./workspace-path.ts";

/**
 * The way from a workspace to a place in it, by descriptors.
 *
 * B0 The workspace is the folder that was registered: path, inode and owner are compared with the
 *    open folder's. A parent that is renamed or becomes a link leads to a refusal.
 * B1 No path goes to the kernel whole: each name is opened beneath the descriptor of the folder
 *    before it and no link is followed. Who swaps a folder for a link meanwhile makes the call
 *    fail; it never leaves the workspace.
 * B2 Links are read, not followed: the names of their target are walked by B1, at most
 *    `bounds.links` of them.
 * B3 Only regular files are read, opened without blocking: a FIFO cannot hang a thread.
 * B4 Every descriptor is closed when its use has ended, however it ended.
 * B5 Every folder on the way may be entered, and every file read, by whoever owns the workspace, also
 *    where the server is root (`rights.ts`).
 */
export interface Place {
  readonly workspace: Folder;
  /** The deepest folder on the way that exists. */
  readonly folder: Folder;
  /** Folders between `folder` and the name that do not exist yet. */
  readonly missing: readonly string[];
  /** The last name; "." for `folder` itself. It was no link when it was looked at. */
  readonly name: string;
  /** Relative to the workspace, links resolved. */
  readonly path: string;
}

export type Purpose = "read" | "write";

/** The workspace that a path is in, and whose rights bound what is done there. */
export interface Root extends WorkspaceRoot {
  readonly rights: Rights;
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const REGULAR =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A name in an open folder, for system calls that take a path. */
export const beneath = (folder: Folder, name: string): string =>
  `/proc/self/fd/${folder.handle.fd}/${name}`;

/**
 * Walks to `path` (relative to `root`, or absolute below it) and lends the place to `use`.
 * @throws FileRefused for every path that leaves the workspace, for what the system refuses, and when
 * the workspace is another folder than was registered.
 */
export async function atPlace<T>(
  root: Root,
  path: string,
  purpose: Purpose,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  const names = namesOf(root.path, path);
  const trail: Trail = [];
  try {
    const workspace = { handle: await openRoot(root.path), rights: root.rights };
    trail.push({ name: ".", folder: workspace });
    await refuseOther(workspace.handle, root);
    await demandOn(workspace, "enter");
    return await use(await walk({ root, path, purpose, names, trail }));
  } catch (fault) {
    throw refusalOf(path, fault);
  } finally {
    await closeDownTo(trail, 0);
  }
}

async function openRoot(path: string): Promise<FileHandle> {
  try {
    return await open(path, FOLDER);
  } catch (fault) {
    if (!isErrno(fault) || !NO_FOLDER.has(fault.code)) throw fault;
    throw changed(`${JSON.stringify(path)} is no folder now`);
  }
}

const NO_FOLDER: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** B0: judged by the descriptor, so that what is compared is what is used. */
async function refuseOther(handle: FileHandle, { path, ino, owner_uid }: Root): Promise<void> {
  const [found, path_now] = await Promise.all([
    handle.stat({ bigint: true }),
    readlink(`/proc/self/fd/${handle.fd}`),
  ]);
  if (path_now !== path) throw changed(`${JSON.stringify(path)} leads to ${path_now} now`);
  if (String(found.ino) !== ino) throw changed(`${JSON.stringify(path)} is another folder now`);
  if (Number(found.uid) !== owner_uid) throw changed(`${JSON.stringify(path)} has a new owner`);
}

/** Opens a folder in a folder; the caller closes it. */
export async function openFolder(above: Folder, name: string): Promise<Folder> {
  const folder = { handle: await open(beneath(above, name), FOLDER), rights: above.rights };
  try {
    await demandOn(folder, "enter", name);
    return folder;
  } catch (fault) {
    await folder.handle.close();
    throw fault;
  }
}

/** Lends a folder in a folder to `use`. */
export async function withFolder<T>(
  above: Folder,
  name: string,
  use: (folder: Folder) => Promise<T>,
): Promise<T> {
  const folder = await openFolder(above, name);
  try {
    return await use(folder);
  } finally {
    await folder.handle.close();
  }
}

/** Lends the regular file in `folder` to `use`; null when there is nothing of that name. */
export async function withRegular<T>(
  folder: Folder,
  name: string,
  use: (file: FileHandle, stat: Stats) => Promise<T>,
): Promise<T | null> {
  const file = await openPresent(folder, name);
  if (file === null) return null;
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw new FileRefused("not_a_file", `${JSON.stringify(name)} is ${kindOf(stat)}`);
    }
    demand("read", name, stat, folder.rights);
    return await use(file, stat);
  } finally {
    await file.close();
  }
}

type Trail = { readonly name: string; readonly folder: Folder }[];

interface Walk {
  readonly root: Root;
  readonly path: string;
  readonly purpose: Purpose;
  readonly names: string[];
  readonly trail: Trail;
}

async function walk({ root, path, purpose, names, trail }: Walk): Promise<Place> {
  let links = 0;
  for (let steps = 0; steps < bounds.steps; steps++) {
    const name = names.shift();
    if (name === undefined) return placeAt(trail, [], ".");
    if (name === "..") {
      if (trail.length === 1) throw leaves(path);
      await closeDownTo(trail, trail.length - 1);
      continue;
    }
    if (purpose === "write") refuseGit(name, path);
    const here = folderOf(trail);
    const found = await look(here, name);
    switch (found.kind) {
      case "absent":
        if (purpose === "write") for (const below of names) refuseGit(below, path);
        return placeAt(trail, absentFolders(name, names, path), names.at(-1) ?? name);
      case "link":
        if (++links > bounds.links) throw tooDeep(path);
        names.unshift(...namesOfLink(root.path, path, found.target));
        if (found.target.startsWith("/")) await closeDownTo(trail, 1);
        break;
      case "entry":
        if (names.length === 0) return placeAt(trail, [], name);
        trail.push({ name, folder: await openFolder(here, name) });
    }
  }
  throw tooDeep(path);
}

type Found = { kind: "absent" } | { kind: "link"; target: string } | { kind: "entry" };

async function look(folder: Folder, name: string): Promise<Found> {
  try {
    return { kind: "link", target: await readlink(beneath(folder, name)) };
  } catch (fault) {
    if (!isErrno(fault)) throw fault;
    if (fault.code === "EINVAL") return { kind: "entry" };
    if (fault.code === "ENOENT") return { kind: "absent" };
    throw fault;
  }
}

async function openPresent(folder: Folder, name: string): Promise<FileHandle | null> {
  try {
    return await open(beneath(folder, name), REGULAR);
  } catch (fault) {
    if (isErrno(fault) && fault.code === "ENOENT") return null;
    throw fault;
  }
}

function placeAt(trail: Trail, missing: readonly string[], name: string): Place {
  const way = trail.slice(1).map((step) => step.name);
  const workspace = trail[0]?.folder ?? folderOf(trail);
  const path = [...way, ...missing, name].filter((part) => part !== ".").join("/") || ".";
  return { workspace, folder: folderOf(trail), missing, name, path };
}

/** `absent` and what follows it, without the last name, which is the file's. */
function absentFolders(absent: string, rest: readonly string[], path: string): string[] {
  if (rest.includes("..")) {
    throw new FileRefused("absent", `${JSON.stringify(path)}: ${absent} does not exist`);
  }
  return [absent, ...rest].slice(0, -1);
}

function folderOf(trail: Trail): Folder {
  const step = trail.at(-1);
  if (step === undefined) throw new Error("a walk starts at the workspace");
  return step.folder;
}

async function closeDownTo(trail: Trail, length: number): Promise<void> {
  await Promise.all(trail.splice(length).map(({ folder }) => folder.handle.close()));
}

/** Hooks and config in there run code on the next git command: no tool writes them. */
function refuseGit(name: string, path: string): void {
  if (name.toLowerCase() !== ".git") return;
  throw new FileRefused(
    "protected",
    `${JSON.stringify(path)} is inside .git, which file tools never write; use git commands`,
  );
}

const changed = (how: string) =>
  new FileRefused(
    "workspace_changed",
    `the workspace is not the folder that was registered: ${how}; ` +
      "put it back, or register it again with `mainstay workspace add`",
  );

const leaves = (path: string) =>
  new FileRefused(
    "outside",
    `${JSON.stringify(path)} leads out of the workspace; use a path inside it, such as "src/a.ts"`,
  );

const tooDeep = (path: string) =>
  new FileRefused("too_deep", `${JSON.stringify(path)} has too many folders or links on its way`);

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return "a folder, not a file; list it with list_files";
  if (stat.isFIFO()) return "a named pipe, not a regular file";
  if (stat.isSocket()) return "a socket, not a regular file";
  return "a device, not a regular file";
}
