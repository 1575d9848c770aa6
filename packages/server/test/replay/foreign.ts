import { join } from "node:path";
import type { RecordedCall } from "./recording.ts";

/** The recorded person's home becomes a folder of the workspace: nothing outside is reachable. */
const HOME_HERE = ".home";

/** No command here waits for anything that can come: what takes longer has lost its way. */
const COMMAND_LIMIT_S = 10;

/** How recorded paths and commands are told to this machine. */
export interface Dialect {
  path(recorded: string): string;
  command(recorded: string): string;
}

export const untranslated: Dialect = { path: (path) => path, command: (command) => command };

/**
 * From the machine of a recording, whose agent worked in `cwd`, to the workspace at `root`: paths
 * become relative to it, commands get its absolute ones and GNU's flags.
 */
export function dialectOf(cwd: string, root: string): Dialect {
  const home = cwd.split("/").slice(0, 3).join("/");
  const moved = [
    [cwd, "."],
    [home, HOME_HERE],
    ["~", HOME_HERE],
  ] as const;

  function path(recorded: string): string {
    for (const [there, here] of moved) {
      if (recorded === there) return here;
      if (recorded.startsWith(`${there}/`)) return join(here, recorded.slice(there.length));
    }
    return recorded;
  }

  const command = (recorded: string) =>
    recorded
      .replaceAll(cwd, root)
      .replaceAll(home, `${root}/${HOME_HERE}`)
      .replaceAll(/(?<![\w/])~(?=\/)/g, `${root}/${HOME_HERE}`)
      // BSD sed wants the suffix of its backup as a word of its own.
      .replaceAll("sed -i '' ", "sed -i ");

  return { path, command };
}

export interface ScriptedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The call in our tools' words. The recorded agent gave no intents: every other call gets one. */
export function scriptedCall(call: RecordedCall, n: number, dialect: Dialect): ScriptedCall {
  const { tool, subject, input } = inOurWords(call, dialect);
  const intent = n % 2 === 0 ? { intent: `${call.name} ${subject}` } : {};
  return { id: call.id, name: tool, arguments: { ...intent, ...input } };
}

function inOurWords(call: RecordedCall, { path, command }: Dialect) {
  switch (call.name) {
    case "bash": {
      const timeout_s = Math.min(call.arguments.timeout ?? COMMAND_LIMIT_S, COMMAND_LIMIT_S);
      const script = command(call.arguments.command);
      return { tool: "shell", subject: script, input: { command: script, timeout_s } };
    }
    case "read": {
      const input = { ...call.arguments, path: path(call.arguments.path) };
      return { tool: "read_file", subject: input.path, input };
    }
    case "edit": {
      const { oldText: old_text, newText: new_text } = call.arguments;
      const input = { path: path(call.arguments.path), old_text, new_text };
      return { tool: "edit_file", subject: input.path, input };
    }
    case "write": {
      const input = { path: path(call.arguments.path), content: call.arguments.content };
      return { tool: "write_file", subject: input.path, input };
    }
  }
}
