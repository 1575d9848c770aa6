import type { CommandEnd } from "@mainstay/executor/command";
import type { ToolCall } from "@mainstay/sdk/events";
import { z } from "zod";
import type { Execution } from "../execution/execution.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Limits } from "../kernel/limits.ts";
import { reportCommand } from "./command-report.ts";
import { oneLine } from "./one-line.ts";
import { OpenInput, openingWish } from "./open-input.ts";
import type { Prepared, Recovered, Scene, Tool, ToolEnd } from "./tool.ts";

/** Fits the one argument in which a shell gets it; more belongs into a file. */
const COMMAND_BYTES = 100_000;

const NAME = "shell";

const Input = z.strictObject({
  command: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= COMMAND_BYTES, `at most ${COMMAND_BYTES} bytes`)
    .refine((text) => !text.includes("\0"), "text without NUL")
    .describe("a bash script"),
  open: OpenInput.optional(),
  timeout_s: z.number().min(1).optional().describe("kill it after so many seconds"),
});
type Input = z.infer<typeof Input>;

interface ShellParts {
  readonly execution: Execution;
  readonly limits: Limits;
}

/** Runs a script in the workspace's sandbox, once somebody or some policy agreed to it. */
export function shellTool({ execution, limits }: ShellParts): Tool<Input> {
  return {
    name: NAME,
    description:
      "Run a bash script in the workspace, in a sandbox whose only network is the hosts that its person allowed. Output and exit code come back. Commands that change things may need the person's consent.",
    input: Input,
    describe: ({ command }) => `run ${oneLine(command)}`,

    async prepare({ command, open, timeout_s }, scene): Promise<Prepared> {
      const wall_ms = Math.min(limits.command_wall_ms, Math.ceil((timeout_s ?? Infinity) * 1000));
      const planned = await execution.plan({
        ...scene,
        run: { kind: "script", script: command },
        profile: "agent",
        opens: openingWish(open),
        wall_ms,
      });
      switch (planned.kind) {
        case "ready":
          return {
            kind: "ready",
            effect: planned.effect,
            async execute(signal, onlooker) {
              const passage = execution.enter(scene.person.id, signal);
              const end = await planned.run(passage, onlooker).finally(passage.leave);
              return {
                ...reportCommand(end, whyKilled(passage.signal), await execution.openable(scene)),
                journaled: () => execution.forget(planned.effect.command_id),
              };
            },
          };
        case "consent":
        case "paused":
          return planned;
        case "denied":
          return refused("denied", `Denied by ${planned.by}. The command did not run.`);
        case "refused":
          return refused("denied", `Refused: ${planned.reason}. The command did not run.`);
        case "blocked":
          return refused("denied", `Blocked: ${planned.reason}. ${overrideFor(scene)}`);
      }
    },

    async recover(effect, scene, signal, onlooker): Promise<Recovered> {
      if (effect.kind !== "command") return { kind: "never_started" };
      const { command_id } = effect;
      const passage = execution.enter(scene.person.id, signal);
      const told = async (end: CommandEnd): Promise<ToolEnd> => ({
        ...reportCommand(end, whyKilled(passage.signal), await execution.openable(scene)),
        journaled: () => execution.forget(command_id),
      });
      const command = { command_id, person_id: scene.person.id };
      const found = await execution.recover(command, passage, onlooker).catch((fault: unknown) => {
        passage.leave();
        throw fault;
      });
      if (found.state !== "running") passage.leave();
      switch (found.state) {
        case "never_started":
          return { kind: "never_started" };
        case "ended":
          return { kind: "ended", end: await told(found.end) };
        case "running":
          return {
            kind: "running",
            ended: async () => await told(await found.ended().finally(passage.leave)),
            letGo() {
              found.letGo();
              passage.leave();
            },
          };
      }
    },
  };
}

/** The script that a call would run; null for a call that runs none. */
export function scriptOf({ name, input }: ToolCall): string | null {
  if (name !== NAME) return null;
  try {
    const { command } = JSON.parse(input) as { command?: unknown };
    return typeof command === "string" ? command : null;
  } catch {
    return null;
  }
}

const overrideFor = ({ turn_id, step, call_id }: Scene): string =>
  "The command did not run. An admin can let exactly this one run once, within an hour, with " +
  `mainstay override ${turn_id} ${step} ${inShell(call_id)} --reason WHY; then ask for it again: it runs once, without a question.`;

/** Ids of calls are a model's own. */
const inShell = (word: string): string =>
  /^\w[\w.:-]*$/.test(word) ? word : `'${oneLine(word).replaceAll("'", String.raw`'\''`)}'`;

const whyKilled = (signal: AbortSignal): string =>
  signal.aborted ? messageOf(signal.reason) : "it was cancelled";

const refused = (outcome: "denied", result: string): Prepared => ({
  kind: "ended",
  end: { outcome, result, command: null },
});
