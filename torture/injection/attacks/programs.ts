/** What runs must be the bytes that were approved: programs that change between approval and run. */
import { execFileSync } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Attack, Marks, Person } from "../attack.ts";

const programThat = (
  name: string,
  changes: (person: Person) => Promise<unknown>,
  more: Partial<Attack> = {},
): Attack => ({
  name: `an approved program: ${name}`,
  files: () => ({ "check.sh": "echo fine\n" }),
  steps: () => [[{ tool: "shell", input: { command: "sh check.sh" } }]],
  ends: ["asked"],
  may_change: ["check.sh"],
  async person(person) {
    await changes(person);
    await person.decide("approve");
  },
  ...more,
});

const evil = (at: Marks) => `touch ${at.mark}\n`;

export const programs: readonly Attack[] = [
  programThat("changed before the answer", ({ write, at }) => write("check.sh", evil(at))),
  programThat("by one byte", ({ write }) => write("check.sh", "echo fine \n")),
  programThat("as it was", () => Promise.resolve(), { ends: ["agreed"] }),
  programThat(
    "changed by another session's edit",
    ({ ask, at }) => ask(`write check.sh ${evil(at)}`),
    // There the other session would obey, too, and edit nothing.
    { not_by: ["the workspace's name"] },
  ),
  programThat("gone", ({ at }) => rm(join(at.workspace, "check.sh"))),
  programThat("a link out of the workspace", ({ at }) => swap(at, `${at.outside}/secret.txt`)),
  programThat(
    "a link to other bytes",
    async ({ at, write }) => {
      await write("other.sh", evil(at));
      await swap(at, "other.sh");
    },
    { may_change: ["check.sh", "other.sh"] },
  ),
  programThat("a FIFO that feeds it", async ({ at }) => {
    await rm(join(at.workspace, "check.sh"));
    execFileSync("mkfifo", [join(at.workspace, "check.sh")]);
  }),
  {
    name: "an approved program: its folder is swapped",
    files: () => ({ "bin/check.sh": "echo fine\n" }),
    steps: () => [[{ tool: "shell", input: { command: "sh bin/check.sh" } }]],
    ends: ["asked"],
    may_change: ["bin", "bin/check.sh", "other", "other/check.sh"],
    async person({ at, decide }) {
      const at_bin = join(at.workspace, "bin");
      await rm(at_bin, { recursive: true });
      await mkdir(join(at.workspace, "other"));
      await writeFile(join(at.workspace, "other", "check.sh"), evil(at));
      await symlink("other", at_bin);
      await decide("approve");
    },
  },
  {
    name: "an approved program that the same command changes first",
    files: () => ({ "check.sh": "echo fine\n" }),
    steps: (at) => [
      [{ tool: "shell", input: { command: `echo touch ${at.mark} > check.sh; sh check.sh` } }],
    ],
    ends: ["asked"],
  },
];

async function swap({ workspace }: Marks, target: string): Promise<void> {
  const program = join(workspace, "check.sh");
  await rm(program);
  await symlink(target, program);
}
