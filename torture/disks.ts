/** Small disks to break, unmounted and forgotten when they are removed. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** A file system in memory, mounted at `folder`. */
export interface Tmpfs {
  readonly folder: string;
  remove(): void;
}

/** `folder` is empty. */
export function mountTmpfs(
  size_mb: number,
  folder = mkdtempSync(join(tmpdir(), "mainstay-tmpfs-")),
): Tmpfs {
  run("mount", "-t", "tmpfs", "-o", `size=${size_mb}m,mode=700`, "none", folder);
  return {
    folder,
    remove() {
      run("umount", folder);
      rmSync(folder, { recursive: true });
    },
  };
}

/** ext4 on a loop device. */
export interface LoopDisk {
  readonly folder: string;
  /**
   * The power goes: nothing more reaches the disk from now on, and what was not synced is lost.
   * With `journal_first` ext4 still writes out its own journal.
   */
  cutPower(journal_first: boolean): void;
  /** The machine starts again: ext4 replays its journal. Nobody may use the disk meanwhile. */
  restart(): Promise<void>;
  remove(): void;
}

export function mountLoopDisk(size_mb: number): LoopDisk {
  const place = mkdtempSync(join(tmpdir(), "mainstay-disk-"));
  const image = join(place, "image");
  const folder = mkdtempSync(join(place, "mount-"));
  writeFileSync(image, "");
  truncateSync(image, size_mb * 1_048_576);
  run("mkfs.ext4", "-q", "-E", "root_owner=0:0", image);
  const device = run("losetup", "--find", "--show", image);
  const mount = () => run("mount", "-t", "ext4", device, folder);
  const unmount = () => run("umount", folder);
  mount();
  return {
    folder,
    cutPower: (journal_first) =>
      void run("xfs_io", "-x", "-c", journal_first ? "shutdown -f" : "shutdown", folder),
    async restart() {
      unmount();
      while (isMounted(device)) await systemClock.sleep(5);
      mount();
    },
    remove() {
      unmount();
      run("losetup", "--detach", device);
      rmSync(place, { recursive: true });
    },
  };
}

/**
 * Anywhere: a sandbox that somebody else makes just now has a copy of every mount until it lets go of
 * them, and who mounts such a disk again gets it as it is there, without power.
 */
function isMounted(device: string): boolean {
  try {
    closeSync(openSync(device, constants.O_RDONLY | constants.O_EXCL));
    return false;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "EBUSY") return true;
    throw fault;
  }
}
