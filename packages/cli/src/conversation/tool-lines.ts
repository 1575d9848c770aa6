import type { BodyOf, ToolCall } from "@mainstay/sdk/events";
import { escapeCommand, escapePath, oneLine } from "../terminal/escape.ts";

/** `$ npm test — see what fails`: what a tool is about to do, and what for. */
export function toolLine({ tool, effect, intent }: BodyOf<"tool_started">, call?: ToolCall) {
  const purpose = intent === "" ? "" : ` — ${oneLine(intent)}`;
  return `› ${deed(tool, effect, call)}${purpose}`;
}

function deed(tool: string, effect: BodyOf<"tool_started">["effect"], call?: ToolCall): string {
  switch (effect.kind) {
    case "command":
      return `$ ${oneLine(escapeCommand(effect.command))}`;
    case "file":
      return `${tool} ${oneLine(escapePath(effect.path))}`;
    case "none":
      return `${tool} ${oneLine(escapeCommand(subject(call)))}`.trimEnd();
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

function argumentsOf({ input }: ToolCall): Record<string, unknown> {
  try {
    return Object(JSON.parse(input));
  } catch {
    return {};
  }
}

/** How the call ended, where there is more to say than that it worked. */
export function outcomeLine({ outcome, result, command }: BodyOf<"tool_ended">): string | null {
  switch (outcome) {
    case "ok":
      return command ? commandEnd(command) : null;
    case "error":
      return command ? commandEnd(command) : `failed: ${oneLine(result)}`;
    case "denied":
      return "denied: it did not run";
    case "unknown":
      return "outcome unknown: it started, and what became of it is lost";
    case "cancelled":
      return "cancelled";
  }
}

function commandEnd(command: NonNullable<BodyOf<"tool_ended">["command"]>): string {
  const took = command.duration_ms === null ? "" : ` after ${seconds(command.duration_ms)}`;
  if (command.outcome === "not_started") return "it did not start";
  if (command.timed_out) return `stopped${took}: its time was up`;
  if (command.cancelled) return `stopped${took}: cancelled`;
  if (command.outcome === "interrupted") return `interrupted${took}: outcome unknown`;
  if (command.signal) return `ended by ${command.signal}${took}`;
  return `exit code ${command.exit_code}${took}`;
}

export function seconds(duration_ms: number): string {
  return duration_ms < 1000
    ? `${Math.round(duration_ms)} ms`
    : `${(duration_ms / 1000).toFixed(1)} s`;
}
