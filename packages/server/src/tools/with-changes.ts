import { type Changes, type FileChange } from "@mainstay/sdk/changes";
import type { Effect } from "@mainstay/sdk/events";
import type { ChangeRecorder } from "../files/files.ts";
import { Paused } from "../kernel/errors.ts";
import { lackedIn } from "../kernel/lacked.ts";
import { oneLine } from "./one-line.ts";
import type { Prepared, Recovered, Scene, Tool, ToolEnd } from "./tool.ts";

/** Paths that the model is told; the journal has more. */
const TOLD = 12;

/**
 * A tool that changes a workspace, recorded: what a command changed in the workspace goes with its end into
 * the journal. What only reads is not looked at; of what goes on after its call its row tells, and an edit tells itself.
 */
export function withChanges<Input>(tool: Tool<Input>, changes: ChangeRecorder): Tool<Input> {
  async function recorded(command_id: string, end: ToolEnd): Promise<ToolEnd> {
    const is_over = end.command !== null && end.command.outcome !== "not_started";
    const found = is_over ? await changes.since(command_id) : null;
    if (found === null) {
      changes.forget(command_id);
      return end;
    }
    return {
      ...end,
      result: withLines(end.result, toldOf(found)),
      command: { ...end.command!, changes: found },
      journaled() {
        end.journaled?.();
        changes.forget(command_id);
      },
    };
  }

  /** What goes on when its call has ended is forgotten when its own end is on record. */
  async function execute(
    prepared: Ready,
    command_id: string,
    scene: Scene,
    watched: Parameters<Ready["execute"]>,
  ): Promise<ToolEnd> {
    const goes_on = goesOn(prepared.effect);
    await changes.before(command_id, scene.workspace, goes_on ? "on" : "with its call");
    try {
      const end = await prepared.execute(...watched);
      return goes_on && end.command === null ? end : await recorded(command_id, end);
    } catch (fault) {
      // Whatever else is thrown here, the command may run.
      if (fault instanceof Paused) changes.forget(command_id);
      throw fault;
    }
  }

  return {
    ...tool,
    async prepare(input, scene): Promise<Prepared> {
      const prepared = await tool.prepare(input, scene);
      if (prepared.kind !== "ready") return prepared;
      const command_id = changing(prepared.effect);
      if (command_id !== null)
        return {
          ...prepared,
          execute: (...watched) => execute(prepared, command_id, scene, watched),
        };
      if (prepared.effect.kind !== "edit") return prepared;
      return {
        ...prepared,
        execute(...watched) {
          changes.touched(scene.workspace);
          return prepared.execute(...watched);
        },
      };
    },
    async recover(effect, scene, signal, onlooker): Promise<Recovered> {
      const found = await tool.recover(effect, scene, signal, onlooker);
      const command_id = changing(effect);
      if (command_id === null || found.kind === "never_started" || goesOn(effect)) return found;
      if (found.kind === "ended") return { ...found, end: await recorded(command_id, found.end) };
      return { ...found, ended: async () => recorded(command_id, await found.ended()) };
    },
  };
}

const goesOn = (effect: Effect): boolean => effect.kind === "command" && effect.background === true;

type Ready = Extract<Prepared, { kind: "ready" }>;

/** The line by which a call can be repeated stays the last. */
function withLines(result: string, lines: readonly string[]): string {
  const end = lackedIn(result) === null ? result.length : result.lastIndexOf("\n") + 1;
  const [head, last] = [result.slice(0, end), result.slice(end)];
  return [
    ...(head === "" ? [] : [head.replace(/\n$/, "")]),
    ...lines,
    ...(last === "" ? [] : [last]),
  ].join("\n");
}

/** The command's id; null for what changes nothing. */
const changing = (effect: Effect): string | null =>
  effect.kind === "command" && effect.verdict !== "safe" ? effect.command_id : null;

function toldOf({ files, more, incomplete, overlapped }: Changes): string[] {
  const named = files.slice(0, TOLD).map(inWords);
  const rest = files.length - named.length + more;
  const all = rest === 0 ? named : [...named, `${rest} more`];
  const said = all.length === 0 ? [] : [`changed: ${all.join(", ")}`];
  const doubts = [incomplete, overlapped ? "others may have worked here meanwhile" : null];
  return [...said, ...doubts.filter((doubt) => doubt !== null)].map((line) => `[${line}]`);
}

function inWords({ path, before, after }: FileChange): string {
  if (before === null) return `${oneLine(path)} (new)`;
  return after === null ? `${oneLine(path)} (deleted)` : oneLine(path);
}
