import type { ToolCall } from "@mainstay/sdk/events";
import type { ToolSpec } from "../../kernel/model.ts";
import {
  aliases,
  argumentAliases,
  canonical,
  noiseKeys,
  parametersOf,
  requiredOf,
  thoughtKeys,
} from "./plan-words.ts";

export interface OfferedCall {
  readonly name: string;
  /** JSON text, which the tool's own check accepted. */
  readonly input: string;
}

export interface Offer {
  readonly tools: readonly ToolSpec[];
  /** What is wrong with a call; null where it can be made. */
  readonly check: (call: ToolCall) => string | null;
}

/** The offered tool that a model means: by its name, in whatever spelling, or by what others call it. */
export function toolNamed(name: string, tools: readonly ToolSpec[]): ToolSpec | null {
  const exact = tools.find((tool) => tool.name === name);
  if (exact !== undefined) return exact;
  const meant = canonical(name.split(/[.:/]/).at(-1) ?? name);
  const same = (tool: ToolSpec) =>
    canonical(tool.name) === meant || (aliases[tool.name]?.has(meant) ?? false);
  return tools.find(same) ?? null;
}

/** The call of an offered tool that is meant, where that tool would take it as it is or with other names. */
export function offeredCall(name: string, args: unknown, offer: Offer): OfferedCall | null {
  const tool = toolNamed(name, offer.tools);
  if (tool === null) return null;
  const given = asObject(args, tool);
  if (given === null) return null;
  for (const attempt of [given, renamed(given, tool)]) {
    const call = { name: tool.name, input: JSON.stringify(attempt) };
    if (offer.check({ id: "", ...call }) === null) return call;
  }
  return null;
}

/** A bare value is the one argument that the tool needs. */
function asObject(args: unknown, tool: ToolSpec): Record<string, unknown> | null {
  if (args === undefined || args === null) return {};
  if (typeof args === "object")
    return Array.isArray(args) ? null : (args as Record<string, unknown>);
  const [only, ...more] = requiredOf(tool);
  if (only !== undefined && more.length === 0) return { [only]: args };
  return null;
}

/** With the tool's own names of its arguments, and without what the model thought meanwhile. */
function renamed(given: Record<string, unknown>, tool: ToolSpec): Record<string, unknown> {
  const own = parametersOf(tool);
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === null) continue;
    const name = own.find((name) => canonical(name) === canonical(key)) ?? aliased(key, own, given);
    if (name !== null) found[name] ??= value;
    else if (noiseKeys.has(canonical(key))) continue;
    else if (thoughtKeys.has(canonical(key))) found["intent"] ??= value;
    else found[key] = value;
  }
  return found;
}

function aliased(key: string, own: string[], given: Record<string, unknown>): string | null {
  const meant = canonical(key);
  return (
    own.find((name) => !(name in given) && (argumentAliases[name]?.has(meant) ?? false)) ?? null
  );
}
