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
    sh: `for file in /proc/[0-9]*/comm; do read -r name < "$file"
      case $name in bwrap|node|MainThread|nsenter) echo "$name";; esac; done`,
  },
  {
    name: "is begun by its own first process",
    wall: "process namespace",
    sh: `seen=; while read -r line || [ "$line" ]; do seen="$seen $line"; done < /proc/1/cmdline
      case $seen in *mainstay:*) ;; *) echo "it is another's";; esac`,
  },
]);
