import type { ToolSpec } from "../../kernel/model.ts";

/** What a marker begins: a thought until its end, or calls (or lines of a plan) to the end of the reply. */
export type Marker =
  | { readonly begins: "thought"; readonly literal: string; readonly ends: string }
  | { readonly begins: "protocol"; readonly literal: string }
  /** Words that only at the start of a line mean anything; a `plan` goes on to the end of the reply. */
  | { readonly begins: "plan" | "plan_line"; readonly literal: string };

const thoughtTags = [
  ...["think", "thinking", "thought", "thoughts", "reasoning", "reflection"],
  ...["scratchpad", "inner_monologue", "internal_monologue", "planning"],
];

/** How models write their own call formats into text when a server does not take them out. */
const protocols = [
  "<tool_call",
  "<toolcall",
  "<tool_use",
  "<tool_code",
  "<tool_name",
  "<tool_request",
  "<tool>",
  "<tools>",
  "<use_mcp_tool",
  "<use_tool",
  "<function_call",
  "<functioncall",
  "<function=",
  "<function>",
  "<function name",
  "<antml:",
  "<invoke",
  "<parameter",
  "<execute_",
  "<run_command",
  "<shell_info",
  "<|python_tag|>",
  "<|tool",
  "<|action_start|>",
  "<|plugin|>",
  "<|channel|>",
  "<|start|>",
  "<|message|>",
  "<|call|>",
  "[tool_calls]",
  "[tool_call]",
  "[tool_request]",
  "[function_call]",
  "functools[",
];

const bold = (word: string): string[] => [`${word}:`, `**${word}:`, `**${word}**:`, `## ${word}:`];

const thought = (tag: string): Marker => ({
  begins: "thought",
  literal: `<${tag}>`,
  ends: `</${tag}>`,
});

/** Every marker, those of calls by an offered tool's name included (`<read_file>`). */
export const markersFor = (tools: readonly ToolSpec[]): readonly Marker[] => [
  ...thoughtTags.map(thought),
  { begins: "thought", literal: "◁think▷", ends: "◁/think▷" },
  ...protocols.map((literal): Marker => ({ begins: "protocol", literal })),
  ...tools.map(({ name }): Marker => ({ begins: "protocol", literal: `<${name.toLowerCase()}>` })),
  ...["thought", "thoughts"].flatMap(bold).map((literal) => ({ begins: "plan" as const, literal })),
  ...bold("action").map((literal) => ({ begins: "plan_line" as const, literal })),
];

/** Which marker a text begins with; `maybe` where more of it must be seen. */
export function recognise(
  markers: readonly Marker[],
  text: string,
  at_line_start: boolean,
): Marker | "maybe" | "none" {
  const seen = plain(text);
  let maybe = false;
  for (const marker of markers) {
    const needs_line_start = marker.begins === "plan" || marker.begins === "plan_line";
    if (needs_line_start && !at_line_start) continue;
    if (seen.startsWith(marker.literal)) return marker;
    maybe ||= marker.literal.startsWith(seen);
  }
  return maybe ? "maybe" : "none";
}

/** DeepSeek's markers are drawn with full-width bars and blocks. */
const plain = (text: string): string =>
  text.toLowerCase().replaceAll("｜", "|").replaceAll("▁", "_");
