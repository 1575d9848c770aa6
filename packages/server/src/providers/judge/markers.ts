import { perTools } from "./per-tools.ts";
import type { ToolSpec } from "../../kernel/model.ts";
import type { Wanted } from "./wanted.ts";

/** What a piece of text begins. */
export type Marker =
  /** A thought, until its end. */
  | { readonly begins: "thought"; readonly ends: string }
  /** The end of a thought whose beginning the model's template took. */
  | { readonly begins: "thought_end" }
  /** Calls in a model's own format, or lines of a plan: to the end of the reply. */
  | { readonly begins: "protocol" | "plan_lines" }
  /** A line that the next one may make a plan. */
  | { readonly begins: "plan_line" };

export interface Markers {
  readonly byLiteral: ReadonlyMap<string, Marker>;
  /** Every beginning of a literal. */
  readonly beginnings: ReadonlySet<string>;
}

const thoughtTags = ["think", "thinking", "thought", "thoughts", "reasoning", "reflection"];
const innerTags = ["scratchpad", "inner_monologue", "internal_monologue", "planning"];

/** How models write calls into text when a server does not take them out. */
const protocols = [
  ...["<tool_call", "<toolcall", "<tool_use", "<tool_code", "<tool_name", "<tool_request"],
  ...[
    "<use_mcp_tool",
    "<use_tool",
    "<function_call",
    "<functioncall",
    "<function=",
    "<invoke name",
  ],
  ...["<execute_", "<run_command>", "<shell_info", "<antml:"],
  ...["<|python_tag|>", "<|tool", "<|action_start|>", "<|plugin|>"],
  ...["<|channel|>", "<|start|>", "<|message|>", "<|call|>"],
  ...["[tool_calls]", "[tool_call]", "[tool_request]", "[function_call]"],
];

/** Markup has these, too. */
const tags = ["<tool>", "<tools>", "<function>", "<function name", "<parameter name"];

/** Words that mean something only where a line begins. */
const atLineStart = (word: string, marker: Marker): [string, Marker][] =>
  [`${word}:`, `**${word}:`, `**${word}**:`, `## ${word}:`].map((literal) => [literal, marker]);

const thought = (tag: string): [string, Marker] => [
  `<${tag}>`,
  { begins: "thought", ends: `</${tag}>` },
];

/** Behind it nothing stands on its line: within a sentence it is one that is spoken of. */
const thoughtEnds = ["</think>\n", "</think>\r\n", "</thinking>\n", "</thinking>\r\n"].map(
  (literal): [string, Marker] => [literal, { begins: "thought_end" }],
);

const PROTOCOL: Marker = { begins: "protocol" };

/** Those that are worth a look in an answer to this person; calls by an offered tool's name are among them. */
export function markersFor(
  tools: readonly ToolSpec[],
  { plans, markup }: Pick<Wanted, "plans" | "markup">,
): Markers {
  const kinds = markersOf(tools);
  const kind = `${plans} ${markup}`;
  const known = kinds.get(kind) ?? makeMarkers(tools, { plans, markup });
  kinds.set(kind, known);
  return known;
}

const markersOf = perTools(() => new Map<string, Markers>());

function makeMarkers(
  tools: readonly ToolSpec[],
  wanted: Pick<Wanted, "plans" | "markup">,
): Markers {
  const named = tools.map(({ name }) => `<${name.toLowerCase()}>`);
  const calls = wanted.plans ? [] : [...protocols, ...(wanted.markup ? [] : [...tags, ...named])];
  const inner = wanted.plans || wanted.markup ? [] : innerTags.map(thought);
  const lines = wanted.plans
    ? []
    : [
        ...["thought", "thoughts"].flatMap((word) => atLineStart(word, { begins: "plan_lines" })),
        ...atLineStart("action", { begins: "plan_line" }),
        ["functools[", PROTOCOL] as [string, Marker],
      ];
  return indexed([
    ...thoughtTags.map(thought),
    ...inner,
    ["◁think▷", { begins: "thought", ends: "◁/think▷" }],
    ...(wanted.plans ? [] : thoughtEnds),
    ...calls.map((literal): [string, Marker] => [literal, PROTOCOL]),
    ...lines,
  ]);
}

function indexed(entries: readonly (readonly [string, Marker])[]): Markers {
  const beginnings = new Set<string>();
  for (const [literal] of entries)
    for (let end = 1; end < literal.length; end += 1) beginnings.add(literal.slice(0, end));
  return { byLiteral: new Map(entries), beginnings };
}

export const withoutPlanLines = ({ byLiteral, beginnings }: Markers): Markers => ({
  byLiteral: new Map([...byLiteral].filter(([, { begins }]) => begins !== "plan_lines")),
  beginnings,
});

/** What a text that began as a marker is; `maybe` where more of it must be seen. */
export function recognise(markers: Markers, text: string): Marker | "maybe" | "none" {
  const seen = plain(text);
  return markers.byLiteral.get(seen) ?? (markers.beginnings.has(seen) ? "maybe" : "none");
}

/** DeepSeek's markers are drawn with full-width bars and blocks. */
const plain = (text: string): string =>
  text.toLowerCase().replaceAll("｜", "|").replaceAll("▁", "_");

/** Whether a text begins as calls in a model's own format do. */
export function beginsProtocol(markers: Markers, text: string): boolean {
  for (let end = 1; end <= text.length; end += 1) {
    const found = recognise(markers, text.slice(0, end));
    if (found !== "maybe") return found !== "none" && found.begins === "protocol";
  }
  return false;
}
