import type { Command } from "@mainstay/sdk/commands";
import { commandLine, oneLine } from "../terminal/escape.ts";
import { progressText, span } from "./progress-text.ts";

/** `running for 1 min 12 s of 10 min · 3.4 MB · 45 %`, or how it ended. */
export function standingOf({ outcome, progress, wall_ms }: Command): string {
  if (outcome !== null) return oneLine(outcome.summary);
  // Nobody can be asked right now, which says nothing of the command.
  if (progress === null)
    return `running, of ${span(wall_ms)}; how far it is is not known right now`;
  return `running for ${progressText(progress)}`;
}

/** `cmd_1  2026-01-01 00:00 UTC  npm test  — running for …`: one row of a list. */
export function commandRow(command: Command): string {
  const where = command.background ? "in the background, " : "";
  const what = commandLine(command.command, ROW_COMMAND_CHARS);
  return `${command.id}  ${minute(command.began_at)}  ${what} — ${where}${standingOf(command)}`;
}

const ROW_COMMAND_CHARS = 60;

/** All there is to say of one command: labels and texts, each on one line. */
export function commandFacts(command: Command): [label: string, text: string][] {
  const { intent, person, turn_id, background, began_at, ended_at, stopped_by } = command;
  const facts: [string, string][] = [
    ["command", commandLine(command.command, Infinity)],
    ["state", standingOf(command)],
  ];
  if (intent !== "") facts.push(["for", oneLine(intent)]);
  if (background) facts.push(["where", "in the background: it goes on when its turn has ended"]);
  facts.push(["began", `${minute(began_at)}, of ${turn_id}, ${oneLine(person.name)}`]);
  if (ended_at !== null) facts.push(["ended", minute(ended_at)]);
  if (stopped_by !== null) facts.push(["stopped", `by ${oneLine(stopped_by)}`]);
  return facts;
}

/** `2026-01-08 00:00 UTC` */
export const minute = (iso: string): string => `${iso.slice(0, 16).replace("T", " ")} UTC`;
