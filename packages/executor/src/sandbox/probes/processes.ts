/** Other processes: those of the host, and of other sandboxes. */
import { inArea } from "./probe.ts";

/** The probes, their shells and substitutions; a host's process table is longer. */
const PROCESS_LIMIT = 10;

export const PROCESS_PROBES = inArea("processes", [
  {
    name: "sees its own processes only",
    wall: "process namespace",
    sh: `set -- /proc/[0-9]*; [ $# -le ${PROCESS_LIMIT} ] || echo "$# processes"`,
  },
  {
    name: "finds none of bubblewrap's or Mainstay's",
    wall: "process namespace",
    perl: `join ' ', grep { /^(?:bwrap|node|MainThread|nsenter)$/ } map { rows($_) } glob('/proc/[0-9]*/comm')`,
  },
  {
    name: "is begun by its own first process",
    wall: "process namespace",
    perl: `grep({ /mainstay:/ } rows('/proc/1/cmdline')) ? '' : "it is another's"`,
  },
]);
