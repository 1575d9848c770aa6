/**
 * Programs of a workspace whose bytes were agreed to.
 *
 * 1. Each is opened beneath the workspace's descriptor, name by name, and no link is followed.
 * 2. What the command finds in place of a held one are the bytes that were read and compared here, not
 *    the file: whatever is written to the file afterwards does not reach the command.
 * 3. They lie as a mount over the file's name. The kernel takes it away with a name that is renamed or
 *    removed from outside the sandbox, and nothing can keep it from that. So the gate looks whether
 *    they lie there, and the names are watched from before they are read: what happens to one of them
 *    while the command runs is told at its end.
 * 4. The file is never touched. Where it vanishes before the mount, bubblewrap makes an empty one to
 *    mount on, and its folders; they are removed.
 */
import { hash } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  type FSWatcher,
  fstatSync,
  lstatSync,
  openSync,
  rmdirSync,
  unlinkSync,
  watch,
} from "node:fs";
import { readUpTo } from "./read-up-to.ts";
import type { PinnedFile } from "./ticket.ts";

/** Of all files that one plan pins: they are read at once, and held in memory until the go. */
export const PINNED_LIMIT_BYTES = 8 << 20;

/** Linux has it for all architectures. */
const O_PATH = 0o10000000;
const FOLDER = O_PATH | constants.O_DIRECTORY;
/** A FIFO must not hang us, a terminal not become ours. */
const REGULAR =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A pinned file is not what was agreed to; the message names it. */
export class PinChanged extends Error {
  override readonly name = "PinChanged";
}

/** What a file of the workspace must be inside, whatever becomes of it outside. */
export interface HeldFile {
  path: string;
  /** Permission bits. */
  mode: number;
  bytes: Buffer;
}

export interface PinnedFiles {
  held: HeldFile[];
  /** Throws where the sandbox whose init this is does not have the held bytes in their places. */
  inspect(init_pid: number): void;
  /** Call once, when the command has ended or will not begin. Never throws; says what was swapped. */
  leave(): string[];
}

/** What the file is, and what the folders on the way to it are. */
type Known = HeldFile & { on_the_way: Set<string> };

/** Throws `PinChanged`, or what the host cannot do, and keeps nothing open then. */
export function pinFiles(workspace: { descriptor: number }, pins: PinnedFile[]): PinnedFiles {
  using open = new DisposableStack();
  const root = openSync(`/proc/self/fd/${workspace.descriptor}/.`, FOLDER);
  open.defer(() => closeSync(root));
  const swapped = new Set<string>();
  const held: Known[] = [];
  let room_bytes = PINNED_LIMIT_BYTES;
  for (const pin of pins) {
    if (pin.hold) watchNames(root, pin.path, open, () => swapped.add(pin.path));
    const file = readAgreed(root, pin, room_bytes);
    room_bytes -= file.bytes.length;
    if (pin.hold) held.push(file);
  }
  const kept = open.move();
  return {
    held,
    inspect: (init_pid) => inspect(init_pid, held),
    leave() {
      for (const file of held) removeLitter(root, file);
      kept.dispose();
      return [...swapped].map(tellSwapped);
    },
  };
}

const tellSwapped = (path: string) =>
  `${path} was replaced while the command ran: where the command started it after that, other bytes ran than were agreed to`;

/** Invariant 3. */
function watchNames(root: number, path: string, open: DisposableStack, onSwap: () => void): void {
  const watchName = (folder: number, name: string) => {
    const watcher = watch(at(folder, "."), { persistent: false }, (event, seen) => {
      if (event === "rename" && seen === name) onSwap();
    });
    watcher.on("error", onSwap);
    open.adopt(watcher, (one: FSWatcher) => one.close());
  };
  orChanged(path, () => walk(root, path.split("/"), () => {}, watchName));
}

function readAgreed(root: number, { path, sha256 }: PinnedFile, room_bytes: number): Known {
  const on_the_way = new Set<string>();
  const { found, bytes } = orChanged(path, () =>
    readBeneath(root, path, room_bytes, (folder) => on_the_way.add(identityOf(look(folder)))),
  );
  if (hash("sha256", bytes, "hex") !== sha256) throw changed(path, "it has other bytes now");
  on_the_way.add(identityOf(found));
  return { path, mode: Number(found.mode) & 0o777, bytes, on_the_way };
}

function readBeneath(
  root: number,
  path: string,
  limit_bytes: number,
  pass?: (folder: number) => void,
) {
  const read = (folder: number, name: string) => {
    const file = openSync(at(folder, name), REGULAR);
    try {
      const found = look(file);
      if (!found.isFile()) throw new Error("it is no regular file");
      if (found.size > limit_bytes) throw new Error("it is too large to be held to its bytes");
      return { found, bytes: readUpTo(file, Number(found.size) + 1) };
    } finally {
      closeSync(file);
    }
  };
  return walk(root, path.split("/"), read, pass);
}

/** Lends the last folder and name to `use`, and all of them, in order, to `pass`. Invariant 1. */
function walk<Result>(
  folder: number,
  [name = ".", ...rest]: string[],
  use: (folder: number, name: string) => Result,
  pass: (folder: number, name: string) => void = () => {},
): Result {
  pass(folder, name);
  if (rest.length === 0) return use(folder, name);
  const next = openSync(at(folder, name), FOLDER | constants.O_NOFOLLOW);
  try {
    return walk(next, rest, use, pass);
  } finally {
    closeSync(next);
  }
}

const at = (folder: number, name: string) => `/proc/self/fd/${folder}/${name}`;
const look = (descriptor: number) => fstatSync(descriptor, { bigint: true });
/** With its birth: the inode of what is gone is soon another's. */
const identityOf = ({ dev, ino, birthtimeNs }: BigIntStats) => `${dev}:${ino}:${birthtimeNs}`;

/** What such a fault says is that another thing has the name; any other is the host's affair. */
const OF_THE_FILE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "ENXIO"]);

function orChanged<Result>(path: string, look: () => Result): Result {
  try {
    return look();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && !OF_THE_FILE.has(code)) throw error;
    throw changed(path, code === "ENOENT" ? "it is gone" : message);
  }
}

const changed = (path: string, why: string) =>
  new PinChanged(`${path} is not what was agreed to (${why}): look at it and agree again`);

function inspect(init_pid: number, held: HeldFile[]): void {
  if (held.length === 0) return;
  const folder = openSync(`/proc/${init_pid}/cwd`, FOLDER);
  try {
    for (const file of held) {
      if (!isHeld(folder, file)) throw changed(file.path, "it was swapped at the last moment");
    }
  } finally {
    closeSync(folder);
  }
}

/** A file without a name that has one all the same is a mount: bubblewrap unlinks what it binds. */
function isHeld(folder: number, { path, bytes }: HeldFile): boolean {
  try {
    const seen = readBeneath(folder, path, bytes.length);
    return seen.found.nlink === 0n && seen.bytes.equals(bytes);
  } catch {
    return false;
  }
}

/** Invariant 4: known by what bubblewrap makes, an empty file that nobody may write to. */
function removeLitter(root: number, { path, on_the_way }: Known): void {
  const remove = (folder: number, [name = ".", ...rest]: string[]): boolean => {
    const place = at(folder, name);
    if (rest.length === 0) {
      const found = lstatSync(place, { bigint: true });
      const is_bare = found.isFile() && found.size === 0n && (found.mode & 0o333n) === 0n;
      if (!is_bare || on_the_way.has(identityOf(found))) return false;
      unlinkSync(place);
      return true;
    }
    const next = openSync(place, FOLDER | constants.O_NOFOLLOW);
    try {
      const is_removed = remove(next, rest);
      if (is_removed && !on_the_way.has(identityOf(look(next)))) rmdirSync(place);
      return is_removed;
    } finally {
      closeSync(next);
    }
  };
  try {
    remove(root, path.split("/"));
  } catch {
    // It has vanished with its folder, or the folder holds more by now: that is somebody's.
  }
}
