import type { BodyOf, ToolCall } from "@mainstay/sdk/events";
import type { CommandRecord } from "@mainstay/sdk/turn";
import { commandLine, escapePath, oneLine } from "../terminal/escape.ts";
import { isBlocked, isUnanswered } from "./typed-command.ts";

/** `$ npm test — see what fails`: what a tool is about to do, and what for. */
export function toolLine({ tool, effect, intent }: BodyOf<"tool_started">, call?: ToolCall) {
  const purpose = intent === "" ? "" : ` — ${oneLine(intent)}`;
  return `› ${deed(tool, effect, call)}${purpose}`;
}

function deed(tool: string, effect: BodyOf<"tool_started">["effect"], call?: ToolCall): string {
  switch (effect.kind) {
    case "command":
      return `$ ${commandLine(effect.command)}`;
    case "edit":
      return `${tool} ${oneLine(effect.files.map(({ path }) => escapePath(path)).join(", "))}`;
    case "file":
      return `${tool} ${oneLine(escapePath(effect.path))}`;
    case "none":
      // A command that did not run.
      if (tool === "shell" && call) return `$ ${commandLine(subject(call))}`;
      return `${tool} ${commandLine(subject(call))}`.trimEnd();
  }
}

/** The argument by which a person knows the call. The input is the model's: any JSON, or none. */
function subject(call: ToolCall | undefined): string {
  if (!call) return "";
  const input = argumentsOf(call);
  return ["path", "query", "pattern", "command"]
    .map((name) => input[name])
    .filter((value) => typeof value === "string")
    .join(" ");
}

/** What the model wrote, where it is an object; nothing of it is trusted. */
export function argumentsOf({ input }: ToolCall): Record<string, unknown> {
  try {
    return Object(JSON.parse(input));
  } catch {
    return {};
  }
}

/** How the call ended, where there is more to say than that it worked. */
export function outcomeLine(end: BodyOf<"tool_ended">): string | null {
  const { outcome, result, command } = end;
  switch (outcome) {
    case "ok":
      return command ? commandEnd(command) : null;
    case "error":
      return command ? commandEnd(command) : `failed: ${oneLine(result)}`;
    case "denied":
      if (isUnanswered(end)) return "not answered: it did not run";
      return isBlocked(end) ? "blocked: it did not run" : "denied: it did not run";
    case "unknown":
      return "outcome unknown: it started, and did not come to a clear end";
    case "cancelled":
      return whyKilled(result) ?? "cancelled";
  }
}

/** `killed after 4.9 s: commands are paused by Ada …`: the server's line, below what the command said. */
function whyKilled(result: string): string | null {
  const line = result.split("\n").findLast((text) => /^\[killed after [\d.]+ s: .*\]$/.test(text));
  return line === undefined ? null : oneLine(line.slice(1, -1));
}

/** How a command ended, in the server's first line below what it printed. */
const END = /^\[(?:exit \d|killed\b)/;
const FOR_MODELS = "[with what it lacked, once, ";

/** What the server says of a command's end beside how it ended: what changed, what it was kept from. */
export function saidBelow(result: string): string[] {
  const lines = result.split("\n");
  return lines
    .slice(lines.findLastIndex((line) => END.test(line)) + 1)
    .filter((line) => /^\[.*\]$/.test(line) && !line.startsWith(FOR_MODELS))
    .map((line) => oneLine(line.slice(1, -1)));
}

/** Whether the output that a result tells of ends with these words. */
export function endsWith(result: string, words: string): boolean {
  const lines = result.split("\n");
  const output = lines.slice(
    0,
    Math.max(
      0,
      lines.findLastIndex((line) => END.test(line)),
    ),
  );
  return words !== "" && output.join("\n").endsWith(words.replace(/\n$/, ""));
}

type CommandEnd = Pick<
  CommandRecord,
  "outcome" | "exit_code" | "signal" | "timed_out" | "cancelled" | "duration_ms"
>;

/** How a command ended, or where it stands. */
export function commandEnd(command: CommandEnd): string {
  const took = command.duration_ms === null ? "" : ` after ${seconds(command.duration_ms)}`;
  switch (command.outcome) {
    case "running":
      return "running";
    case "background":
      return "it goes on in the background";
    case "denied":
      return "denied";
    case "unknown":
      return "outcome unknown";
    case "not_started":
      return "it did not start";
    case "interrupted":
      // Its executor ended it, which had to end itself.
      if (command.cancelled) return `killed${took}: it ran in part`;
      return stopOf(command, took) ?? `interrupted${took}: outcome unknown`;
    case "exited":
      return stopOf(command, took) ?? exitOf(command, took);
  }
}

function stopOf({ timed_out, cancelled }: CommandEnd, took: string): string | null {
  if (timed_out) return `stopped${took}: its time was up`;
  return cancelled ? `stopped${took}: cancelled` : null;
}

const exitOf = ({ signal, exit_code }: CommandEnd, took: string): string =>
  signal === null ? `exit code ${exit_code}${took}` : `ended by ${signal}${took}`;

export function seconds(duration_ms: number): string {
  return duration_ms < 1000
    ? `${Math.round(duration_ms)} ms`
    : `${(duration_ms / 1000).toFixed(1)} s`;
}
