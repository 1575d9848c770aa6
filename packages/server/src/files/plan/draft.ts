import { fstatSync, type Stats } from "node:fs";
import { bounds } from "../bounds.ts";
import { readWhole, refuseLarge } from "../bytes.ts";
import { FileRefused } from "../refused.ts";
import { permissions } from "../transaction/fresh-file.ts";
import { ownerIn } from "../transaction/owner.ts";
import { atPlace, type Place, type Purpose, type Root, withRegular } from "../walk.ts";

/** A file as it is, or as changes leave it. */
export interface Content extends Ownership {
  readonly bytes: Buffer;
}

export interface Ownership {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A path of an edit: how it was found, and how the changes so far leave it. */
export interface Drafted {
  /** Relative to the workspace, links resolved. */
  readonly path: string;
  readonly before: Content | null;
  readonly now: Content | null;
  /** The path where its content was found; null for what is new. */
  readonly origin: string | null;
  /** Folders on its way that do not exist, the outermost first. */
  readonly missing: readonly string[];
  /** What a new file there is given. */
  readonly fresh: Ownership;
}

/**
 * The files of one edit in memory. Each is read once, so that changes of one path build on each
 * other; nothing is written.
 */
export interface Draft {
  readonly most: Most;
  /** @throws FileRefused */
  at(path: string, purpose: Exclude<Purpose, "read">): Drafted;
  /** New content for a file; its mode and owner stay. @throws FileRefused "too_large" */
  put(path: string, bytes: Buffer): void;
  /** All of a file as it was once; `origin` is where that is now, when it was moved. */
  restore(path: string, content: Content, origin: string | null): void;
  setMode(path: string, mode: number): void;
  /** What is at `from` becomes what is at `to`. */
  move(from: string, to: string): void;
  remove(path: string): void;
  /** In the order in which they were first looked at. */
  files(): readonly Drafted[];
}

/** How many of each one edit may change or make. */
export interface Most {
  readonly files: number;
  readonly folders: number;
}

const MOST: Most = { files: bounds.edit_files, folders: bounds.new_folders };

const OWNER_MAY = 0o600;
/** As open as its folder, and never executable nor everybody's to write. */
const AS_FOLDER = 0o664;

export function openDraft(root: Root, most = MOST): Draft {
  const drafted = new Map<string, Drafted>();
  let bytes_held = 0;

  function hold(bytes: number): void {
    bytes_held += bytes;
    if (bytes_held <= bounds.edit_bytes) return;
    throw new FileRefused(
      "too_many",
      `the files of this edit have more than ${bounds.edit_bytes} bytes; make several edits of it`,
    );
  }

  function at(path: string, purpose: Purpose): Drafted {
    const found = atPlace(root, path, purpose, (place) => drafted.get(place.path) ?? load(place));
    drafted.set(found.path, found);
    return found;
  }

  function load(place: Place): Drafted {
    const before = place.missing.length > 0 ? null : present(place);
    if (before !== null) hold(before.bytes.length);
    const origin = before === null ? null : place.path;
    return { path: place.path, before, now: before, origin, ...around(place) };
  }

  function put(path: string, bytes: Buffer): void {
    refuseLarge(bytes.length, path);
    hold(bytes.length);
    const file = known(path);
    const { mode, uid, gid } = file.now ?? file.before ?? file.fresh;
    drafted.set(path, { ...file, now: { bytes, mode, uid, gid } });
  }

  function restore(path: string, content: Content, origin: string | null): void {
    hold(content.bytes.length);
    drafted.set(path, { ...known(path), now: content, origin });
  }

  function setMode(path: string, mode: number): void {
    const file = known(path);
    if (file.now !== null) drafted.set(path, { ...file, now: { ...file.now, mode } });
  }

  function move(from: string, to: string): void {
    const { now, origin } = known(from);
    drafted.set(to, { ...known(to), now, origin });
    remove(from);
  }

  function remove(path: string): void {
    drafted.set(path, { ...known(path), now: null, origin: null });
  }

  function known(path: string): Drafted {
    const file = drafted.get(path);
    if (file === undefined) throw new Error(`${path} was not looked at`);
    return file;
  }

  return { most, at, put, restore, setMode, move, remove, files: () => [...drafted.values()] };
}

const present = ({ folder, name, path }: Place): Content | null =>
  withRegular(folder, name, (fd, stat) => ({
    bytes: readWhole(fd, stat.size, path),
    ...ownership(stat),
  }));

const ownership = ({ mode, uid, gid }: Stats): Ownership => ({
  ...{ mode: permissions(mode), uid, gid },
});

function around({ path, missing, folder, workspace }: Place): Pick<Drafted, "missing" | "fresh"> {
  const way = path.split("/").slice(0, -1);
  const existing = way.length - missing.length;
  const above = fstatSync(folder.fd);
  const mode = (above.mode & AS_FOLDER) | OWNER_MAY;
  return {
    missing: missing.map((_, i) => way.slice(0, existing + i + 1).join("/")),
    fresh: { mode, ...ownerIn(workspace.rights, fstatSync(workspace.fd), above) },
  };
}
