/** What programs do that are not safe, for whoever is asked. Only words: nothing is decided here. */
const deeds: readonly (readonly [programs: string, does: string])[] = [
  ["rm rmdir unlink shred", "deletes files"],
  ["touch mkdir tee truncate mktemp split csplit fallocate", "writes files"],
  ["cp mv install ln rsync dd patch", "writes files"],
  ["chmod chown chgrp setfacl setcap chattr", "changes who may do what with files"],
  [
    "npm pnpm yarn npx bunx make cargo go gradle mvn tox pytest vitest jest cmake ninja",
    "runs code of this workspace, which the agent may have written",
  ],
  [
    "eslint prettier tsc tsgo vite webpack ruff mypy",
    "loads configuration and plugins, which are code",
  ],
  ["sh bash dash zsh ksh fish source . eval", "runs a script"],
  ["python python3 node ruby perl php lua deno bun tsx", "runs a program of its own"],
  [
    "env nice nohup timeout setsid stdbuf xargs exec builtin watch parallel ionice flock script time",
    "runs another program",
  ],
  ["sudo doas su pkexec run0", "asks for the rights of somebody else"],
  ["curl wget nc ncat netcat socat telnet ftp sftp scp", "connects over the network"],
  [
    "ssh dig host nslookup ping gh pip pip3 docker podman kubectl apt apt-get brew",
    "connects over the network",
  ],
  ["printenv", "prints the environment"],
  ["kill pkill killall", "ends processes"],
  [
    "export declare typeset readonly local set unset shopt alias hash enable trap",
    "changes the shell for what comes after it",
  ],
  ["mapfile readarray let getopts", "may evaluate what it gets"],
  ["man less more vi vim nano ed emacs", "may run other programs"],
  ["at batch crontab systemd-run", "runs something later"],
  ["iptables nft ip ifconfig ufw", "looks at or changes the network"],
];
const byProgram = new Map(
  deeds.flatMap(([programs, does]) => programs.split(" ").map((name) => [name, does] as const)),
);

export function deedOf(name: string): string {
  const does = byProgram.get(name);
  if (does !== undefined) return `${name} ${does}`;
  if (name.includes("/")) return `it runs ${name}`;
  return `${name} is not among the programs that are known to only read`;
}
