/**
 * The kernel's own files and devices. Opening one for writing changes nothing by itself, so that the
 * same look is harmless where no wall stands.
 */
import { inArea } from "./probe.ts";

const opensToWrite = (...paths: string[]) =>
  `for path in ${paths.join(" ")}; do true >> "$path" && echo "$path"; done`;

const opensToRead = (...paths: string[]) =>
  `for path in ${paths.join(" ")}; do true < "$path" && echo "$path"; done`;

/** What a sandbox's /dev has. */
const DEVICES =
  "core|fd|full|null|ptmx|pts|random|shm|stderr|stdin|stdout|tty|urandom|zero|console";

export const KERNEL_PROBES = inArea("kernel", [
  {
    name: "names no program for the kernel to run",
    wall: "root",
    sh: opensToWrite("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe"),
  },
  {
    name: "changes no setting of the kernel",
    wall: "root",
    sh: opensToWrite(
      "/proc/sys/kernel/hostname",
      "/proc/sys/kernel/threads-max",
      "/proc/sys/vm/overcommit_memory",
      "/proc/sys/fs/file-max",
      "/proc/sysrq-trigger",
    ),
  },
  {
    name: "reads no memory of the kernel",
    wall: "root",
    sh: opensToRead("/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/kmsg"),
  },
  {
    name: "finds no disks and no other devices",
    wall: "root",
    sh: `for path in /dev/*; do case \${path##*/} in ${DEVICES}) ;; *) echo "$path";; esac; done`,
  },
  {
    name: "changes no modes of devices",
    wall: "root",
    // To the mode that it has: where it may, nothing is changed.
    perl: "chmod((stat '/dev/null')[2] & 07777, '/dev/null') ? '/dev/null' : ''",
  },
  {
    name: "makes no devices",
    wall: "root",
    sh: "mknod made-node c 1 3 && echo made; rm -f made-node",
  },
  {
    name: "finds no control groups",
    wall: "root",
    sh: "[ -e /sys/fs/cgroup ] && echo /sys/fs/cgroup",
  },
]);
