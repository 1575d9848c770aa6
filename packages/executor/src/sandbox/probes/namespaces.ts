/** What the kernel keeps apart: each namespace is another one than the executor's. */
import { inArea, type Wall } from "./probe.ts";

/** The kernel's names of namespaces, as in /proc/self/ns; the executor's own are bait by these names. */
export const NAMESPACES = ["user", "pid", "net", "ipc", "uts", "cgroup", "mnt"] as const;

const WALLS: Record<(typeof NAMESPACES)[number], Wall> = {
  // Whoever is no root cannot do without one.
  user: "root",
  pid: "process namespace",
  net: "network namespace",
  ipc: "ipc namespace",
  uts: "host name namespace",
  cgroup: "cgroup namespace",
  mnt: "root",
};

export const NAMESPACE_PROBES = inArea(
  "namespaces",
  NAMESPACES.map((name) => ({
    name: `is in a ${name} namespace of its own`,
    wall: WALLS[name],
    perl: `readlink('/proc/self/ns/${name}') eq $ns_${name} ? 'it is the executor\\'s' : ''`,
  })),
);
