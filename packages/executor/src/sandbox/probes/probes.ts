/** All probes that are cheap enough for every start: one sandbox runs them one after another. */
import type { Architecture } from "../seccomp-rules.ts";
import { callProbes } from "./calls.ts";
import { FILE_PROBES } from "./files.ts";
import { GIT_PROBES } from "./git.ts";
import { IDENTITY_PROBES } from "./identity.ts";
import { KERNEL_PROBES } from "./kernel.ts";
import { LIMIT_PROBES } from "./limits.ts";
import { MOUNT_PROBES } from "./mounts.ts";
import { NAMESPACE_PROBES } from "./namespaces.ts";
import { NETWORK_PROBES } from "./network.ts";
import type { Probe } from "./probe.ts";
import { PROCESS_PROBES } from "./processes.ts";

export const probesFor = (architecture: Architecture): Probe[] => [
  ...IDENTITY_PROBES,
  ...NAMESPACE_PROBES,
  ...MOUNT_PROBES,
  ...FILE_PROBES,
  ...KERNEL_PROBES,
  ...NETWORK_PROBES,
  ...PROCESS_PROBES,
  ...LIMIT_PROBES,
  ...GIT_PROBES,
  ...callProbes(architecture),
];
