import type { ToolSpec } from "../../kernel/model.ts";
import { type Values, valuesIn } from "./plan.ts";

/** The calls that a text in some model's own format holds; null where none can be read. */
export function protocolValues(text: string, _tools: readonly ToolSpec[]): Values | null {
  return valuesIn(text.slice(Math.max(0, text.search(/[{]/))));
}
