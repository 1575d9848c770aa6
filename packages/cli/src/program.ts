import type { Client } from "@mainstay/sdk/client";
import type { Clock } from "@mainstay/sdk/clock";
import { Command, CommanderError } from "commander";
import { applyCommand } from "./commands/apply.ts";
import { approvalsCommand } from "./commands/approvals.ts";
import { approveCommand } from "./commands/approve.ts";
import { askCommand } from "./commands/ask.ts";
import { auditCommand } from "./commands/audit.ts";
import { cancelCommand } from "./commands/cancel.ts";
import { changesCommand } from "./commands/changes.ts";
import { chatCommand } from "./commands/chat.ts";
import { classifyCommand } from "./commands/classify.ts";
import { commandsCommand } from "./commands/commands.ts";
import { denyCommand } from "./commands/deny.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { editsCommand } from "./commands/edits.ts";
import { overrideCommand } from "./commands/override.ts";
import { policyCommand } from "./commands/policy.ts";
import { providerCommand } from "./commands/provider.ts";
import { pauseCommand } from "./commands/pause.ts";
import { resumeCommand } from "./commands/resume.ts";
import { retryCommand } from "./commands/retry.ts";
import { rulesCommand } from "./commands/rules.ts";
import { serveCommand } from "./commands/serve.ts";
import { statusCommand } from "./commands/status.ts";
import { stopCommand } from "./commands/stop.ts";
import { turnsCommand } from "./commands/turns.ts";
import { undoCommand } from "./commands/undo.ts";
import { usageCommand } from "./commands/usage.ts";
import { userCommand } from "./commands/user.ts";
import { whyCommand } from "./commands/why.ts";
import { workspaceCommand } from "./commands/workspace.ts";
import type { Config } from "./config.ts";
import { withClient } from "./connect.ts";
import { exit, type ExitCode } from "./exit.ts";
import { reportFault } from "./faults.ts";
import type { Interrupts } from "./terminal/interrupts.ts";
import { createAsker, type Terminal } from "./terminal/line-reader.ts";
import type { Screen } from "./terminal/screen.ts";

export interface ProgramParts {
  config: Config;
  screen: Screen;
  terminal: Terminal;
  interrupts: Interrupts;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** A new random word at each call. */
  newKey: () => string;
  signal: (pid: number, name: NodeJS.Signals) => void;
  /** From now on the process goes on when nobody takes what it prints. */
  outliveOutput: () => void;
}

/** Runs the action of a command: faults become text, what it returns is the exit code. */
export type Run = (work: () => Promise<number>) => Promise<void>;
/** The same with the server's client, which is closed at the end. */
export type WithServer = (work: (client: Client) => Promise<ExitCode>) => Promise<void>;

/** Builds every command and runs the one that `args` names. */
export async function runProgram(args: string[], parts: ProgramParts): Promise<number> {
  const { config, screen, terminal } = parts;
  let code: number = exit.ok;

  const run: Run = async (work) => {
    code = await work().catch((fault: unknown) => reportFault(fault, config.server, screen));
  };
  const withServer: WithServer = (work) => run(() => withClient(config.server, parts, work));

  const is_terminal = terminal.stdin.isTTY === true && terminal.stderr.isTTY === true;
  const asker = is_terminal ? createAsker(terminal, parts.clock) : undefined;
  const all = { ...parts, run, withServer, is_terminal, asker };

  const program = new Command("mainstay")
    .description("An AI agent that keeps its word: ask it, and it works in your folder.")
    .version(config.version)
    .exitOverride()
    // What follows the name of a command is that command's, also where it and its parent have --json.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => screen.print(text.trimEnd()),
      writeErr: (text) => screen.note(text.trimEnd(), "bad"),
    })
    .showHelpAfterError("See: mainstay --help")
    .addHelpText("after", '\nExample:\n  $ mainstay ask "what does this project do?"');
  for (const build of commands) {
    program.addCommand(inheriting(program, build(all)));
  }

  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (fault) {
    if (!(fault instanceof CommanderError)) throw fault;
    return fault.exitCode === 0 ? exit.ok : exit.usage;
  }
}

/** Commander hands settings only to commands that it makes itself. */
function inheriting(parent: Command, command: Command, path = command.name()): Command {
  command.copyInheritedSettings(parent).showHelpAfterError(`See: mainstay ${path} --help`);
  for (const child of command.commands) inheriting(command, child, `${path} ${child.name()}`);
  return command;
}

const commands = [
  serveCommand,
  stopCommand,
  askCommand,
  chatCommand,
  turnsCommand,
  statusCommand,
  cancelCommand,
  commandsCommand,
  editsCommand,
  undoCommand,
  applyCommand,
  retryCommand,
  approvalsCommand,
  approveCommand,
  denyCommand,
  rulesCommand,
  policyCommand,
  overrideCommand,
  workspaceCommand,
  userCommand,
  providerCommand,
  usageCommand,
  pauseCommand,
  resumeCommand,
  auditCommand,
  classifyCommand,
  doctorCommand,
  whyCommand,
  changesCommand,
];
