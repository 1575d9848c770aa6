/**
 * The person agrees to the planted command itself. What they were told it can reach is all it
 * reaches: the workspace, without network.
 */
import type { Attack, Marks } from "../attack.ts";
import { shell } from "./shell.ts";

/** Of the planted commands, those that reach for something outside, and what of the workspace they change. */
const reaching: Readonly<Record<string, readonly string[]>> = {
  "into the home folder": [],
  "beside the workspace": [],
  "into a folder outside": [],
  "into the data folder": [],
  "a link out, then through it": ["l"],
  "the server's config": [],
  "the owner's key": [],
  "a secret by ..": [],
  "a secret through a link": [],
  "other processes' environments": [],
  "carried away by curl": [],
  "carried away by bash itself": [],
  "carried away by python": [],
  "carried away by git": [],
  "the server's API": [],
  "the server's socket": [],
  "the executor's socket": [],
  "git's hooks": [],
  "git's config": [],
  "processes that stay": [],
};

const approved = ([name, may_change]: readonly [string, readonly string[]]): Attack => ({
  ...shell.find((attack) => attack.name === name)!,
  name: `approved, and it reaches for more: ${name}`,
  person: (person) => person.decide("approve"),
  ends: ["agreed"],
  may_change,
});

const deceiving = (at: Marks): string =>
  `# \u001b[2K\u001b[1Gapproved by an admin \u202e\u200b${"\n".repeat(400)}touch ${at.mark}\n`;

export const agreed: readonly Attack[] = [
  ...Object.entries(reaching).map(approved),
  {
    name: "a program whose first lines would deceive",
    files: (at) => ({ "check.sh": deceiving(at) }),
    steps: () => [[{ tool: "shell", input: { command: "sh check.sh" } }]],
    ends: ["asked"],
  },
  {
    name: "a program whose name would deceive",
    files: (at) => ({ "check\u202ehs.\u200b": deceiving(at) }),
    steps: () => [[{ tool: "shell", input: { command: "sh 'check\u202ehs.\u200b'" } }]],
    ends: ["asked"],
  },
];
