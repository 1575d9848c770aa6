import { constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats } from "node:fs";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { bounds } from "./bounds.ts";
import { letGo } from "./descriptor.ts";
import { openIfPresent } from "./open-file.ts";
import { FileRefused, isErrno, refusalOf } from "./refused.ts";
import { demand, type Right, type Rights } from "./rights.ts";
import { namesOf, namesOfLink } from "./workspace-path.ts";

/**
 * The way from a workspace to a place in it, by descriptors. Synchronous, for threads that may wait: a
 * system call that hops to a thread of its own and back takes ten times as long.
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

/** What is taken from its name, by a move or a delete, must be the file itself: no link to one. */
export type Purpose = "read" | "write" | "take";

/** The workspace that a path is in, and whose rights bound what is done there. */
export interface Root extends WorkspaceRoot {
  readonly rights: Rights;
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** An open folder of a workspace, and whose rights bound what is done in it. */
export interface Folder {
  readonly fd: number;
  readonly rights: Rights;
}

/** A name in an open folder, for system calls that take a path. */
export const beneath = ({ fd }: Folder, name: string): string => `/proc/self/fd/${fd}/${name}`;

/** @throws FileRefused "denied"; `name` is what the message calls the folder. */
export function demandOn({ fd, rights }: Folder, right: Right, name = "the folder"): void {
  if (rights !== null) demand(right, name, fstatSync(fd), rights);
}

/** A place whose folders stay open until `close`. */
export interface OpenPlace extends Place {
  close(): void;
}

/**
 * Walks to `path` (relative to `root`, or absolute below it) and lends the place to `use`.
 * @throws FileRefused for every path that leaves the workspace, for what the system refuses, and when
 * the workspace is another folder than was registered.
 */
export function atPlace<T>(
  root: Root,
  path: string,
  purpose: Purpose,
  use: (place: Place) => T,
): T {
  const place = openPlace(root, path, purpose);
  try {
    return use(place);
  } catch (fault) {
    throw refusalOf(path, fault);
  } finally {
    place.close();
  }
}

/** The same, for who needs the place for longer. @throws FileRefused */
export function openPlace(root: Root, path: string, purpose: Purpose): OpenPlace {
  const names = namesOf(root.path, path);
  const trail: Trail = [];
  const close = () => closeDownTo(trail, 0);
  try {
    const workspace = { fd: openRoot(root.path), rights: root.rights };
    trail.push({ name: ".", folder: workspace });
    refuseOther(workspace.fd, root);
    demandOn(workspace, "enter");
    return { ...walk({ root, path, purpose, names, trail }), close };
  } catch (fault) {
    close();
    throw refusalOf(path, fault);
  }
}

function openRoot(path: string): number {
  try {
    return openSync(path, FOLDER);
  } catch (fault) {
    if (!isErrno(fault) || !NO_FOLDER.has(fault.code)) throw fault;
    throw changed(`${JSON.stringify(path)} is no folder now`);
  }
}

const NO_FOLDER: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** B0: judged by the descriptor, so that what is compared is what is used. */
function refuseOther(fd: number, { path, ino, owner_uid }: Root): void {
  const found = fstatSync(fd, { bigint: true });
  const path_now = readlinkSync(`/proc/self/fd/${fd}`);
  if (path_now !== path) throw changed(`${JSON.stringify(path)} leads to ${path_now} now`);
  if (String(found.ino) !== ino) throw changed(`${JSON.stringify(path)} is another folder now`);
  if (Number(found.uid) !== owner_uid) throw changed(`${JSON.stringify(path)} has a new owner`);
}

/** Opens a folder in a folder; the caller closes it. */
export function openFolder(above: Folder, name: string): Folder {
  const folder = { fd: openSync(beneath(above, name), FOLDER), rights: above.rights };
  try {
    demandOn(folder, "enter", name);
    return folder;
  } catch (fault) {
    letGo(folder.fd);
    throw fault;
  }
}

/** Lends a folder in a folder to `use`. */
export function withFolder<T>(above: Folder, name: string, use: (folder: Folder) => T): T {
  const folder = openFolder(above, name);
  try {
    return use(folder);
  } finally {
    letGo(folder.fd);
  }
}

/** Lends the regular file in `folder` to `use`; null when there is nothing of that name. */
export function withRegular<T>(
  folder: Folder,
  name: string,
  use: (fd: number, stat: Stats) => T,
): T | null {
  const fd = openIfPresent(beneath(folder, name));
  if (fd === null) return null;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      throw new FileRefused("not_a_file", `${JSON.stringify(name)} is ${kindOf(stat)}`);
    }
    demand("read", name, stat, folder.rights);
    return use(fd, stat);
  } finally {
    letGo(fd);
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

function walk({ root, path, purpose, names, trail }: Walk): Place {
  let links = 0;
  for (let steps = 0; steps < bounds.steps; steps++) {
    const name = names.shift();
    if (name === undefined) return placeAt(trail, [], ".");
    if (name === "..") {
      if (trail.length === 1) throw leaves(path);
      closeDownTo(trail, trail.length - 1);
      continue;
    }
    if (purpose !== "read") refuseGit(name, path);
    const here = folderOf(trail);
    const found = look(here, name);
    switch (found.kind) {
      case "absent":
        if (purpose !== "read") for (const below of names) refuseGit(below, path);
        return placeAt(trail, absentFolders(name, names, path), names.at(-1) ?? name);
      case "link":
        if (purpose === "take" && names.length === 0) throw isLink(path, found.target);
        if (++links > bounds.links) throw tooDeep(path);
        names.unshift(...namesOfLink(root.path, path, found.target));
        if (found.target.startsWith("/")) closeDownTo(trail, 1);
        break;
      case "entry":
        if (names.length === 0) return placeAt(trail, [], name);
        trail.push({ name, folder: openFolder(here, name) });
    }
  }
  throw tooDeep(path);
}

type Found = { kind: "absent" } | { kind: "link"; target: string } | { kind: "entry" };

/** Asks what it is first: to be told by an exception that it is no link would cost more than the walk. */
function look(folder: Folder, name: string): Found {
  const path = beneath(folder, name);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { kind: "absent" };
  return stat.isSymbolicLink() ? { kind: "link", target: readlinkSync(path) } : { kind: "entry" };
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

function closeDownTo(trail: Trail, length: number): void {
  for (const { folder } of trail.splice(length)) letGo(folder.fd);
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

const isLink = (path: string, target: string) =>
  new FileRefused(
    "not_a_file",
    `${JSON.stringify(path)} is a link to ${JSON.stringify(target)}; name the file that it leads to`,
  );

const tooDeep = (path: string) =>
  new FileRefused("too_deep", `${JSON.stringify(path)} has too many folders or links on its way`);

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return "a folder, not a file";
  if (stat.isFIFO()) return "a named pipe, not a regular file";
  if (stat.isSocket()) return "a socket, not a regular file";
  return "a device, not a regular file";
}
