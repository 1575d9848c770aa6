/** Who a command is, what it may do by that, and what it was handed along. */
import { VARIABLE_NAMES } from "../compose.ts";
import { inArea } from "./probe.ts";

/** The shell adds PWD, and some add more. */
const OWN_VARIABLES = [...VARIABLE_NAMES, "PWD", "OLDPWD", "SHLVL", "_"].join("|");

/** The fields of /proc/self/status whose value is not the one that must stand there. */
const status = (fields: string, wanted: string) =>
  `join ' ', map { "$_ $status{$_}" } grep { $status{$_} !~ /^${wanted}$/ } qw(${fields})`;

/** The names of variables that are not ours. */
const foreign = (file: string) =>
  `join ' ', grep { !/^(?:${OWN_VARIABLES})$/ } map { /^([^=]*)/ } split /\\0/, join '', rows('${file}')`;

export const IDENTITY_PROBES = inArea("identity", [
  { name: "is no root inside", wall: "inside id", perl: status("Uid Gid", "[1-9].*") },
  {
    name: "has no capability",
    wall: "capabilities",
    perl: status("CapInh CapPrm CapEff CapAmb", "0+"),
  },
  { name: "can get no capability", wall: "capabilities", perl: status("CapBnd", "0+") },
  { name: "gains nothing from set-id programs", wall: "root", perl: status("NoNewPrivs", "1") },
  { name: "has its system calls filtered", wall: "seccomp", perl: status("Seccomp", "2") },
  {
    name: "has a session of its own, and no terminal",
    wall: "session",
    perl: `my ($state, $parent, $group, $session, $terminal) = split ' ', (rows('/proc/self/stat'))[0] =~ s/.*\\) //r;
      $session > 0 && $terminal == 0 ? '' : "session $session, terminal $terminal"`,
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
    perl: "umask == 022 ? '' : sprintf '%04o', umask",
  },
]);
