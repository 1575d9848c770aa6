import { text as textOf } from "node:stream/consumers";
import type { Client } from "@mainstay/sdk/client";
import type { NewTurn } from "@mainstay/sdk/turn";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { showBanner } from "../conversation/banner.ts";
import { tellLeft } from "../conversation/left-to-decide.ts";
import { tellUnknownModel } from "../conversation/model-wish.ts";
import { patientClient } from "../conversation/patient-client.ts";
import {
  exitCodeOf,
  explainEnd,
  offerUndo,
  runTurn,
  type RunTurnParts,
} from "../conversation/run-turn.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import { placeOf } from "../folder/place.ts";
import type { WithServer } from "../program.ts";
import type { Terminal } from "../terminal/line-reader.ts";

export interface AskParts extends Omit<RunTurnParts, "client"> {
  withServer: WithServer;
  config: Config;
  terminal: Terminal;
}

interface AskOptions {
  session?: string;
  workspace?: string;
  batch?: boolean;
  model?: string;
  wait: boolean;
  json?: boolean;
}

export function askCommand(parts: AskParts): Command {
  return new Command("ask")
    .description("ask, and let it work in the current folder; `-` reads the message from a pipe")
    .argument("<message...>", "what you want")
    .option("--session <id>", "go on with this session, in its folder")
    .option("--workspace <id-or-path>", "work there instead of in the current folder")
    .option("--batch", "not urgent: let people who wait go first")
    .option("--model <name>", "prefer this model")
    .option("--no-wait", "print the turn's id and leave")
    .option("--json", "print the turn as JSON when it has ended")
    .addHelpText("after", examples)
    .action((words: string[], options: AskOptions) =>
      parts.withServer((client) => ask(words, options, { ...parts, client })),
    );
}

const examples = `
Examples:
  $ mainstay ask "why does the test in src/parse fail?"
  $ git diff | mainstay ask -
  $ mainstay ask --json "list the TODOs" | jq -r .answer

Exit codes: 0 answered, 1 failed or cancelled, or a command that you typed (!COMMAND) did not end
well, 2 wrong usage, 3 something was not agreed to or waits for consent, 4 no server, 5 the command
that you typed is blocked, 6 parked (the answer is provisional), 130 interrupted.`;

async function ask(
  words: string[],
  options: AskOptions,
  parts: AskParts & { client: Client },
): Promise<ExitCode> {
  const { screen, newKey } = parts;
  const message = await messageOf(words, parts.terminal);
  if (message.trim() === "") throw new UsageFault("The message is empty; see: mainstay ask --help");
  if (message.trim() === "!") throw new UsageFault("There is no command after the !");
  const request: NewTurn = {
    message,
    ...(await placeOf(options, parts)),
    ...(options.batch && { urgency: "batch" }),
    ...(options.model && { model: options.model }),
  };
  await showBanner(patientClient(parts), screen);
  await tellUnknownModel(options.model, parts.client, screen);
  if (!options.wait) {
    const key = { idempotency_key: newKey() };
    const turn = await patientClient(parts).turns.create(request, key);
    if (options.json) screen.json(turn);
    else screen.print(turn.id);
    return exit.ok;
  }
  const quiet = { ...screen, answer: () => undefined };
  const run = await runTurn(request, { ...parts, screen: options.json ? quiet : screen });
  explainEnd(run, screen);
  if (!options.json) offerUndo(run, screen);
  if (run.ended) await tellLeft(run.ended, parts);
  if (options.json && run.turn) screen.json(await patientClient(parts).turns.get(run.turn.id));
  return exitCodeOf(run);
}

async function messageOf(words: string[], { stdin }: Terminal): Promise<string> {
  const message = words.join(" ");
  if (message !== "-") return message;
  if (stdin.isTTY) throw new UsageFault("`-` reads the message from a pipe, and there is none");
  return textOf(stdin);
}
