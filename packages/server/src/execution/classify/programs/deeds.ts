import { needsNetwork, NEEDS_NETWORK } from "./network-needs.ts";

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
  ["gh pip pip3 docker podman kubectl apt apt-get brew", "connects over the network"],
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

const INTERPRETERS = /^(?:python[\d.]*|node|ruby|perl|php|lua|deno|bun|tsx|(?:ba|da|z|k|fi)?sh)$/;
const CODE = /^(?:-[a-zA-Z]*c|--command)$/;
const CODE_OF_NODE = /^(?:-[a-zA-Z]*[ep]|--eval|--print)$/;
const CODE_OF_PHP = /^-[r]$/;

/** Whether the words hold the program itself. */
export function holdsCode(name: string, words: readonly string[]): boolean {
  const first = words.findIndex((word) => !word.startsWith("-"));
  const options = words.slice(0, first === -1 ? words.length : first);
  if (!INTERPRETERS.test(name)) return false;
  if (name === "php") return options.some((word) => CODE_OF_PHP.test(word));
  const flag = /^(?:python|(?:ba|da|z|k|fi)?sh$)/.test(name) ? CODE : CODE_OF_NODE;
  return options.some((word) => flag.test(word));
}

export function deedOf(name: string, words: readonly string[]): string {
  if (needsNetwork(name, words)) return `${name} ${NEEDS_NETWORK}`;
  if (holdsCode(name, words)) return `${name} runs code that stands in the command`;
  if (name === "env" && words.length === 0) return "env prints the environment";
  if (name === "crontab" && words.join() === "-l") return "crontab lists what runs later";
  if (name === "rm" && words.some((word) => /(?:^|\/)\.git\/*$/.test(word)))
    return "rm deletes the repository's history";
  const does = byProgram.get(name);
  if (does !== undefined) return `${name} ${does}`;
  if (name.includes("/")) return `it runs ${name}`;
  return `${name} is not among the programs that are known to only read`;
}
