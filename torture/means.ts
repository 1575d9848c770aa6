/**
 * What a fault needs of the machine it is planted on. Where that is lacking the test is *not run*,
 * and its name says why.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Null, or why it cannot be done here. */
export type Lack = string | null;

const works = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore" }).status === 0;

/** Following the system calls of another process, and changing what they answer. */
export const lackOfTracing = (): Lack =>
  works("strace", "-qq", "-o", "/dev/null", "true") ? null : "no strace";

export function lackOfMounting(): Lack {
  const place = mkdtempSync(join(tmpdir(), "mainstay-mount-"));
  const is_mounted = works("mount", "-t", "tmpfs", "none", place);
  if (is_mounted) works("umount", place);
  rmdirSync(place);
  return is_mounted ? null : "no right to mount";
}

/** A disk in a file, whose power can be cut. */
export function lackOfLoopDisks(): Lack {
  if (!works("mkfs.ext4", "-V") || !works("xfs_io", "-V")) return "no mkfs.ext4 or xfs_io";
  return works("losetup", "--find") ? lackOfMounting() : "no loop device";
}

export const titled = (title: string, lack: Lack): string =>
  lack === null ? title : `${title} (not run: ${lack})`;
