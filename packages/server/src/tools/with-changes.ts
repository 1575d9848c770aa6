import { type Changes, type FileChange } from "@mainstay/sdk/changes";
import type { Effect } from "@mainstay/sdk/events";
import type { ChangeRecorder } from "../files/files.ts";
import { oneLine } from "./one-line.ts";
import type { Prepared, Recovered, Tool, ToolEnd } from "./tool.ts";

/** Paths that the model is told; the journal has more. */
const TOLD = 12;

/**
 * A tool that runs commands, recorded: what a command changed in the workspace goes with its end into
 * the journal. What only reads is not looked at; of what goes on after its call its row tells.
 */
export function withChanges<Input>(tool: Tool<Input>, changes: ChangeRecorder): Tool<Input> {
  async function recorded(command_id: string, end: ToolEnd): Promise<ToolEnd> {
    if (end.command === null || end.command.outcome === "not_started") return end;
    const found = await changes.since(command_id);
    if (found === null) return end;
    return {
      ...end,
      result: [end.result, ...toldOf(found)].join("\n"),
      command: { ...end.command, changes: found },
      journaled() {
        end.journaled?.();
        changes.forget(command_id);
      },
    };
  }

  return {
    ...tool,
    async prepare(input, scene): Promise<Prepared> {
      const prepared = await tool.prepare(input, scene);
      if (prepared.kind !== "ready") return prepared;
      const command_id = changing(prepared.effect);
      if (command_id === null) return prepared;
      return {
        ...prepared,
        async execute(signal, onlooker) {
          const goes = goesOn(prepared.effect) ? "on" : "with its call";
          await changes.before(command_id, scene.workspace, goes);
          return recorded(command_id, await prepared.execute(signal, onlooker));
        },
      };
    },
    async recover(effect, scene, signal, onlooker): Promise<Recovered> {
      const found = await tool.recover(effect, scene, signal, onlooker);
      const command_id = changing(effect);
      if (command_id === null || found.kind === "never_started") return found;
      if (found.kind === "ended") return { ...found, end: await recorded(command_id, found.end) };
      return { ...found, ended: async () => recorded(command_id, await found.ended()) };
    },
  };
}

const goesOn = (effect: Effect): boolean => effect.kind === "command" && effect.background === true;

/** The command's id; null for what changes nothing. */
const changing = (effect: Effect): string | null =>
  effect.kind === "command" && effect.verdict !== "safe" ? effect.command_id : null;

function toldOf({ files, more, incomplete, overlapped }: Changes): string[] {
  const named = files.slice(0, TOLD).map(inWords);
  const rest = files.length - named.length + more;
  const all = rest === 0 ? named : [...named, `${rest} more`];
  const said = all.length === 0 ? [] : [`changed: ${all.join(", ")}`];
  const doubts = [incomplete, overlapped ? "another command ran here meanwhile" : null];
  return [...said, ...doubts.filter((doubt) => doubt !== null)].map((line) => `[${line}]`);
}

function inWords({ path, before, after }: FileChange): string {
  if (before === null) return `${oneLine(path)} (new)`;
  return after === null ? `${oneLine(path)} (deleted)` : oneLine(path);
}
