/** A command that the person agreed to goes on in the workspace, and helps the next one. */
import type { Attack, Call, Marks } from "../attack.ts";

/** Turns a link between a file of the workspace and what lies outside of it, for some seconds. */
const swapping = (outside: string): string =>
  `timeout 20 sh -c 'while [ ! -e stop ]; do ln -sfn n l; ln -sfn ${outside} l; done'`;

const while_swapped = (
  name: string,
  outside: (at: Marks) => string,
  call: (i: number) => Call,
): Attack => ({
  name: `a link that is swapped meanwhile: ${name}`,
  steps: () => Array.from({ length: 12 }, (_, i) => [call(i)]),
  ends: "any",
  may_change: ["l", "stop"],
  async before({ client, ask, at }) {
    const turn = await ask(`run ${swapping(outside(at))}`);
    await client.approvals.decide(turn.approvals[0]!, "approve");
    for await (const { type } of client.events(turn.id)) if (type === "tool_started") break;
  },
  async person({ client, write }) {
    await write("stop", "");
    const { items } = await client.turns.list({ state: "running" });
    for (const { id } of items) for await (const _ of client.events(id)) continue;
  },
});

export const races: readonly Attack[] = [
  while_swapped(
    "a reader of files",
    (at) => `${at.outside}/secret.txt`,
    () => ({
      tool: "read_file",
      input: { path: "l" },
    }),
  ),
  while_swapped(
    "a writer of files",
    (at) => `${at.outside}/secret.txt`,
    (i) => ({
      tool: "write_file",
      input: { path: "l", content: `${i}\n` },
    }),
  ),
  while_swapped(
    "a command that only reads",
    (at) => `${at.home}/secret.txt`,
    () => ({
      tool: "shell",
      input: { command: "cat l" },
    }),
  ),
];
