import type { CommandEnd } from "@mainstay/executor/command";
import type { ToolCall } from "@mainstay/sdk/events";
import { z } from "zod";
import type { Execution, PlannedCommand } from "../execution/execution.ts";
import type { Limits } from "../kernel/limits.ts";
import { reportCommand } from "./command-report.ts";
import { inWords } from "./duration.ts";
import { oneLine } from "./one-line.ts";
import { OpenInput, openingWish } from "./open-input.ts";
import type { Onlooker, Prepared, Recovered, Scene, Tool, ToolEnd } from "./tool.ts";

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
  background: z
    .boolean()
    .optional()
    .describe("let it go on by itself and return its id at once: for servers and long work"),
});
type Input = z.infer<typeof Input>;

interface ShellParts {
  readonly execution: Execution;
  readonly limits: Limits;
}

/** Runs a script in the workspace's sandbox, once somebody or some policy agreed to it. */
export function shellTool({ execution, limits }: ShellParts): Tool<Input> {
  function wallOf(timeout_s: number | undefined, background: boolean): number {
    const usual_ms = background ? limits.background_wall_ms : limits.command_wall_ms;
    if (timeout_s === undefined) return usual_ms;
    const longest_ms = background ? limits.longest_wall_ms : usual_ms;
    return Math.min(longest_ms, Math.ceil(timeout_s * 1000));
  }

  async function report(
    command_id: string,
    end: CommandEnd,
    scene: Scene,
    signal: AbortSignal,
  ): Promise<ToolEnd> {
    const is_cancelled = end.outcome === "exited" && end.cancelled;
    const why_killed = is_cancelled ? await execution.whyKilled(command_id, signal) : "";
    return reportCommand(end, why_killed, await execution.openable(scene));
  }

  const inBackground = (planned: ReadyCommand, scene: Scene): Prepared => ({
    kind: "ready",
    effect: planned.effect,
    async execute(signal) {
      const { command_id } = planned.effect;
      const end = await planned.begin(signal);
      if (end === null) return goesOn(command_id, planned.wall_ms);
      return {
        ...(await report(command_id, end, scene, signal)),
        journaled: () => execution.forget(command_id),
      };
    },
  });

  /** `orphans` follows it, as it does what no call waits for. */
  async function lookAfter(
    command_id: string,
    scene: Scene,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<Recovered> {
    const command = { command_id, person_id: scene.person.id };
    const found = await execution.look(command, signal, onlooker);
    switch (found.state) {
      case "never_started":
        return { kind: "never_started" };
      case "running":
        return { kind: "ended", end: goesOn(command_id, null) };
      case "ended":
        return {
          kind: "ended",
          end: {
            ...(await report(command_id, found.end, scene, signal)),
            journaled: () => execution.forget(command_id),
          },
        };
    }
  }

  return {
    name: NAME,
    description:
      "Run a bash script in the workspace, in a sandbox whose only network is the hosts that its person allowed. Output and exit code come back. Commands that change things may need the person's consent.",
    input: Input,
    describe: ({ command }) => `run ${oneLine(command)}`,

    async prepare({ command, open, timeout_s, background = false }, scene): Promise<Prepared> {
      const planned = await execution.plan({
        ...scene,
        run: { kind: "script", script: command },
        profile: "agent",
        opens: openingWish(open),
        ...{ wall_ms: wallOf(timeout_s, background), background },
      });
      switch (planned.kind) {
        case "ready":
          if (background) return inBackground(planned, scene);
          return {
            kind: "ready",
            effect: planned.effect,
            async execute(signal, onlooker) {
              const passage = execution.enter(scene.person.id, signal);
              const end = await planned.run(passage, onlooker).finally(passage.leave);
              return {
                ...(await report(planned.effect.command_id, end, scene, passage.signal)),
                journaled: () => execution.forget(planned.effect.command_id),
              };
            },
          };
        case "consent":
        case "paused":
          return planned;
        case "denied":
          return refused(
            "denied",
            `${saidNo(planned.by, scene.decision)} The command did not run.`,
          );
        case "refused":
          return refused("denied", `Refused: ${planned.reason}. The command did not run.`);
        case "blocked":
          return refused(
            "denied",
            `Blocked: ${planned.reason}. ${overrideFor(scene, open !== undefined)}`,
          );
      }
    },

    async recover(effect, scene, signal, onlooker): Promise<Recovered> {
      if (effect.kind !== "command") return { kind: "never_started" };
      const { command_id } = effect;
      if (effect.background) return await lookAfter(command_id, scene, signal, onlooker);
      const passage = execution.enter(scene.person.id, signal);
      const told = async (end: CommandEnd): Promise<ToolEnd> => ({
        ...(await report(command_id, end, scene, passage.signal)),
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

/** An override covers nothing that is opened for the command. */
const overrideFor = ({ turn_id, step, call_id }: Scene, opens: boolean): string =>
  "The command did not run. An admin can let exactly this one run once, within an hour, with " +
  `mainstay override ${turn_id} ${step} ${inShell(call_id)} --reason WHY; then ask for it again${opens ? " without `open`" : ""}: it runs once, without a question.`;

/** Ids of calls are a model's own. */
const inShell = (word: string): string =>
  /^\w[\w.:-]*$/.test(word) ? word : `'${oneLine(word).replaceAll("'", String.raw`'\''`)}'`;

type ReadyCommand = Extract<PlannedCommand, { kind: "ready" }>;

const goesOn = (command_id: string, wall_ms: number | null): ToolEnd => ({
  outcome: "ok",
  result:
    `It runs in the background as ${command_id}` +
    `${wall_ms === null ? "" : `, for ${inWords(wall_ms)} at most`}. ` +
    "command_status tells how it stands and what it prints, command_stop ends it; " +
    "the session's next turn is told when it has ended.",
  command: null,
});

const saidNo = (by: string, decision: Scene["decision"]): string =>
  decision?.because === "no_terminal"
    ? "Not answered: it was asked where nobody could answer, and nobody denied it."
    : `Denied by ${by}.`;

const refused = (outcome: "denied", result: string): Prepared => ({
  kind: "ended",
  end: { outcome, result, command: null },
});
