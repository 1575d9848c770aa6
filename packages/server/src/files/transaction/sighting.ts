import { type BigIntStats, fstatSync, lstatSync } from "node:fs";

/** One file as it is at a moment: another file, another content and another mode look different. */
export type Sighting = string;

/** Null: nothing has that name. No link is followed. */
export function sightingAt(path: string): Sighting | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : sightingOf(stat);
}

export const sightingOn = (fd: number): Sighting => sightingOf(fstatSync(fd, { bigint: true }));

/** The time of change is left out: a second name for the file sets it, and ours is one. */
const sightingOf = ({ dev, ino, mode, uid, gid, size, mtimeNs }: BigIntStats): Sighting =>
  [dev, ino, mode, uid, gid, size, mtimeNs].join(":");
