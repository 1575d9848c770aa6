import type { ToolCall } from "@mainstay/sdk/events";
import { z } from "zod";
import type { ToolSpec } from "../kernel/model.ts";
import type { Tool } from "./tool.ts";

export type { Onlooker, Prepared, Recovered, Scene, Tool, ToolEnd } from "./tool.ts";

const ISSUES_TOLD = 5;

/** A call whose tool exists and whose arguments match; or what the model did wrong. */
export type ReadCall =
  | { readonly ok: true; readonly tool: Tool; readonly input: unknown; readonly intent: unknown }
  | { readonly ok: false; readonly intent: unknown; readonly message: string };

export interface Toolbox {
  readonly specs: readonly ToolSpec[];
  /** Judges a call as the model wrote it: nothing of it is trusted. */
  read(call: ToolCall): ReadCall;
}

export function createToolbox(tools: readonly Tool[]): Toolbox {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));

  function read(call: ToolCall): ReadCall {
    const parsed = parseArguments(call.input);
    if (!parsed.ok) return { ok: false, intent: null, message: parsed.message };
    const { intent, ...input } = parsed.input;
    const tool = byName.get(call.name);
    if (tool === undefined) return { ok: false, intent, message: unknownTool(call.name) };
    const checked = tool.input.safeParse(input);
    if (checked.success) return { ok: true, tool, input: checked.data, intent };
    return {
      ok: false,
      intent,
      message: `The arguments of ${tool.name} are wrong: ${faults(checked.error)}`,
    };
  }

  const unknownTool = (name: string): string =>
    `There is no tool ${JSON.stringify(name)}. Tools: ${[...byName.keys()].join(", ")}.`;

  return { specs: tools.map(specOf), read };
}

type Arguments = { ok: true; input: Record<string, unknown> } | { ok: false; message: string };

function parseArguments(text: string): Arguments {
  const wrong = "The arguments must be one JSON object.";
  try {
    const value: unknown = JSON.parse(text === "" ? "{}" : text);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { ok: false, message: wrong };
    return { ok: true, input: value as Record<string, unknown> };
  } catch (fault) {
    return { ok: false, message: `${wrong} ${(fault as Error).message}` };
  }
}

const faults = (error: z.ZodError): string =>
  error.issues
    .slice(0, ISSUES_TOLD)
    .map((issue) => `${issue.path.join(".") || "the object"}: ${plain(issue)}`)
    .join("; ");

/** Zod says of what is absent that it "received undefined". */
const plain = ({ code, message }: z.core.$ZodIssue): string =>
  code === "invalid_type" && message.endsWith("received undefined") ? "is missing" : message;

/** The tool's schema as a model sees it: with the intent that every call carries. */
function specOf(tool: Tool): ToolSpec {
  const { $schema: _, ...schema } = z.toJSONSchema(tool.input) as Record<string, unknown>;
  const intent = { type: "string", description: "one line: what this call is for" };
  return {
    name: tool.name,
    description: tool.description,
    parameters: {
      ...schema,
      properties: { intent, ...(schema["properties"] as object) },
      required: ["intent", ...((schema["required"] as string[] | undefined) ?? [])],
    },
  };
}
