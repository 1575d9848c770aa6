/** Who a command is, what it may do by that, and what it was handed along. */
import { VARIABLE_NAMES } from "../compose.ts";
import { inArea } from "./probe.ts";

/** The shell adds PWD, and some add more. */
const OWN_VARIABLES = [...VARIABLE_NAMES, "PWD", "OLDPWD", "SHLVL", "_"].join("|");

/** Prints the fields of /proc/self/status whose value is not the one that must stand there. */
const status = (names: string, wanted: string) =>
  `while read -r key value; do case $key in ${names}) [ "$value" = ${wanted} ] || echo "$key $value";; esac; done < /proc/self/status`;

/** The names of variables that are not ours. */
const foreign = (file: string) => `open(my $environment, '<', '${file}') or return '';
  join ' ', grep { !/^(?:${OWN_VARIABLES})$/ } map { /^([^=]*)/ } split /\\0/, <$environment> // ''`;

export const IDENTITY_PROBES = inArea("identity", [
  {
    name: "is no root inside",
    wall: "inside id",
    sh: `while read -r key ids; do case $key in Uid:|Gid:) case " $ids" in *[!0-9]0*) echo "$key $ids";; esac;; esac; done < /proc/self/status`,
  },
  {
    name: "has no capability",
    wall: "capabilities",
    sh: status("CapInh:|CapPrm:|CapEff:|CapAmb:", "0000000000000000"),
  },
  {
    name: "can get no capability",
    wall: "capabilities",
    sh: status("CapBnd:", "0000000000000000"),
  },
  { name: "gains nothing from set-id programs", wall: "root", sh: status("NoNewPrivs:", "1") },
  { name: "has its system calls filtered", wall: "seccomp", sh: status("Seccomp:", "2") },
  {
    name: "has a session of its own, and no terminal",
    wall: "session",
    // Fields after the name: state, parent, group, session, terminal.
    sh: `read -r line < /proc/self/stat; set -- \${line##*) }; [ "$4" -gt 0 ] && [ "$5" = 0 ] || echo "session $4, terminal $5"`,
  },
  {
    name: "starts no programs from folders that it writes",
    wall: "root",
    sh: `IFS=:; for folder in $PATH; do [ -w "$folder" ] && echo "$folder"; done`,
  },
  { name: "inherits no environment", wall: "environment", perl: foreign("/proc/self/environ") },
  {
    name: "shows none in its first process",
    wall: "environment",
    perl: foreign("/proc/1/environ"),
  },
  {
    name: "inherits no descriptors",
    wall: "descriptors",
    // The folder that the shell reads is gone when it looks at what it read.
    sh: `for one in /proc/self/fd/*; do [ -e "$one" ] && [ "\${one##*/}" -gt 2 ] && echo "\${one##*/}"; done`,
  },
  {
    name: "makes files that only their owner writes",
    wall: "umask",
    sh: `[ "$(umask)" = 0022 ] || umask`,
  },
]);
