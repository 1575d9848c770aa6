/** What is mounted where, and how. */
import { HOME } from "../etc.ts";
import { inArea } from "./probe.ts";

/** Where a command may write; beside the workspace with its `.git`. */
const WRITABLE = ["/proc", "/dev/pts", "/dev/shm", "/tmp", "/var/tmp", HOME, `${HOME}/.cache`];
const NODES = ["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`);

const TMPFS_LIMIT_KIB = 512 << 10;

/** The places of mounts for which `test` is true: of @mounts, whose rows have {at}, {options}, {row}. */
const mounts = (test: string) => `join ' ', map { $_->{at} } grep { ${test} } @mounts`;

/** A folder where nothing may be made. Of /usr the table of mounts tells: its files are root's anyway. */
const closed = (folder: string, wall: "read-only mounts" | "closed devices") => ({
  name: `makes nothing in ${folder}`,
  wall,
  sh: `true > '${folder.replace(/\/$/, "")}/mainstay-probe' && echo made`,
});

/** A tmpfs without a size, which may take half of the memory, says none. */
const bounded = (folder: string) => ({
  name: `has a bounded ${folder}`,
  wall: "sized mounts" as const,
  perl: mounts(
    `$_->{at} eq '${folder}' && ($_->{row} !~ /[ ,]size=(\\d+)k/ || $1 > ${TMPFS_LIMIT_KIB})`,
  ),
});

export const MOUNT_PROBES = inArea("mounts", [
  {
    name: "can write to nothing but the workspace and folders of its own",
    wall: "read-only mounts",
    perl: `my %known = map { $_ => 1 } qw(${[...WRITABLE, ...NODES].join(" ")}), $workspace_mount, "$workspace_mount/.git";
      ${mounts("$_->{options} =~ /,rw,/ && !$known{$_->{at}}")}`,
  },
  {
    name: "has set-id programs of nobody",
    wall: "root",
    perl: mounts("$_->{options} !~ /,nosuid,/"),
  },
  {
    name: "has devices nowhere but in /dev",
    wall: "root",
    perl: mounts("$_->{at} !~ m{^/(?:dev(?:/.*)?)?$} && $_->{options} !~ /,nodev,/"),
  },
  closed("/", "read-only mounts"),
  closed("/etc", "read-only mounts"),
  closed("/run", "read-only mounts"),
  closed("/var", "read-only mounts"),
  closed("/dev", "closed devices"),
  ...["/tmp", "/var/tmp", "/dev/shm", HOME].map(bounded),
]);
