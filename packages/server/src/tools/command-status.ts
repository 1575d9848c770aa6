import type { Command, CommandOutput } from "@mainstay/sdk/commands";
import { z } from "zod";
import type { Commands } from "../execution/execution.ts";
import { Refusal } from "../kernel/errors.ts";
import { inWords } from "./duration.ts";
import { oneLine } from "./one-line.ts";
import type { Prepared, Recovered, Scene, Tool, ToolEnd } from "./tool.ts";

const Input = z.strictObject({
  id: z.string().min(1).max(100).describe("the command's id: cmd_…"),
  since: z
    .int()
    .min(0)
    .optional()
    .describe("tell output from this byte on; each answer names where to go on"),
});
type Input = z.infer<typeof Input>;

/** How a command stands that went on by itself, and what it printed since it was last looked at. */
export function commandStatusTool({ commands }: { commands: Commands }): Tool<Input> {
  async function status({ id, since = 0 }: Input, scene: Scene): Promise<string> {
    const own = commands.ofAgent(scene);
    const command = await own.get(id);
    const output = await own.output(id, since).then(printed, untold);
    return [standing(command), ...output].join("\n");
  }

  return {
    name: "command_status",
    description: "How a background command of this session stands, and what it printed.",
    input: Input,
    describe: ({ id }) => `look after ${oneLine(id)}`,
    prepare: async (input, scene) => toldOf(() => status(input, scene)),
    recover: neverBegan,
  };
}

const StopInput = Input.pick({ id: true });

export function commandStopTool({
  commands,
}: {
  commands: Commands;
}): Tool<z.infer<typeof StopInput>> {
  return {
    name: "command_stop",
    description: "End a background command of this session and all that it started.",
    input: StopInput,
    describe: ({ id }) => `stop ${oneLine(id)}`,
    prepare: async ({ id }, scene) =>
      toldOf(async () => {
        await commands.ofAgent(scene).stop(id);
        return `${id} is being ended; command_status tells how it ended.`;
      }),
    recover: neverBegan,
  };
}

/** Whatever is known of it and when: a look changes nothing, and a stop may be repeated. */
const neverBegan = (): Promise<Recovered> => Promise.resolve({ kind: "never_started" });

const toldOf = (look: () => Promise<string>): Prepared => ({
  kind: "ready",
  effect: { kind: "none" },
  async execute(signal) {
    signal.throwIfAborted();
    return told(look);
  },
});

async function told(look: () => Promise<string>): Promise<ToolEnd> {
  try {
    return { outcome: "ok", result: await look(), command: null };
  } catch (fault) {
    if (!(fault instanceof Refusal)) throw fault;
    return { outcome: "error", result: fault.message, command: null };
  }
}

/** How it stands is worth telling also where its output cannot be told. */
function untold(fault: unknown): string[] {
  if (fault instanceof Refusal) return [`What it printed cannot be told: ${fault.message}`];
  throw fault;
}

function standing({ id, outcome, progress }: Command): string {
  if (outcome !== null) return `${id} has ended: ${outcome.summary}.`;
  if (progress === null) return `${id} runs; how it stands cannot be told right now.`;
  const { elapsed_ms, wall_ms, output_bytes, percent } = progress;
  const done = percent === null ? "" : `, ${percent} % done by its own word`;
  return `${id} runs: ${inWords(elapsed_ms)} of ${inWords(wall_ms)} at most, ${output_bytes} bytes printed${done}.`;
}

function printed({ from, next, base64, kept_bytes, output_bytes, ended }: CommandOutput): string[] {
  if (next === from)
    return [ended ? "It printed nothing more." : `Nothing new since byte ${from}.`];
  const text = Buffer.from(base64, "base64").toString();
  const cut = output_bytes > kept_bytes && next === kept_bytes ? ["[more was not kept]"] : [];
  return [`Output from byte ${from} to ${next}:`, text.replace(/\n$/, ""), ...cut];
}
