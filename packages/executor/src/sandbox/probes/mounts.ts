/** What is mounted where, and how. */
import { HOME } from "../etc.ts";
import { inArea } from "./probe.ts";

/** Where a command may write; beside the workspace with its `.git`, and device nodes. */
const WRITABLE = ["/proc", "/dev/pts", "/dev/shm", "/tmp", "/var/tmp", HOME, `${HOME}/.cache`];

const TMPFS_LIMIT_KIB = 512 << 10;

/** Runs `test` for every mount, with its place as $at and its options as $options. */
const mounts = (test: string) =>
  `while read -r _ _ _ _ at options _; do case $at in ${test} esac; done < /proc/self/mountinfo`;

const optionMissing = (option: string) =>
  `case ,$options, in *,${option},*) ;; *) echo "$at";; esac`;

/** A folder where nothing may be made. Of /usr the table of mounts tells: its files are root's anyway. */
const closed = (folder: string, wall: "read-only mounts" | "closed devices") => ({
  name: `makes nothing in ${folder}`,
  wall,
  sh: `(: > '${folder.replace(/\/$/, "")}/mainstay-probe') && echo made`,
});

/** A tmpfs without a size, which may take half of the memory, says none. */
const bounded = (folder: string) => ({
  name: `has a bounded ${folder}`,
  wall: "sized mounts" as const,
  sh: `while read -r line; do case $line in *" ${folder} "*) size=\${line##*[ ,]size=}
    [ "\${size%%k*}" -le ${TMPFS_LIMIT_KIB} ] || echo "no size";; esac; done < /proc/self/mountinfo`,
});

export const MOUNT_PROBES = inArea("mounts", [
  {
    name: "can write to nothing but the workspace and folders of its own",
    wall: "read-only mounts",
    sh: mounts(
      `${WRITABLE.join("|")}|/dev/null|/dev/zero|/dev/full|/dev/random|/dev/urandom|/dev/tty|"$workspace_mount"|"$workspace_mount"/.git) ;; *) case ,$options, in *,rw,*) echo "$at";; esac;;`,
    ),
  },
  {
    name: "has set-id programs of nobody",
    wall: "root",
    sh: mounts(`*) ${optionMissing("nosuid")};;`),
  },
  {
    name: "has devices nowhere but in /dev",
    wall: "root",
    sh: mounts(`/dev|/dev/*|/) ;; *) ${optionMissing("nodev")};;`),
  },
  closed("/", "read-only mounts"),
  closed("/etc", "read-only mounts"),
  closed("/run", "read-only mounts"),
  closed("/var", "read-only mounts"),
  closed("/dev", "closed devices"),
  ...["/tmp", "/var/tmp", "/dev/shm", HOME].map(bounded),
]);
