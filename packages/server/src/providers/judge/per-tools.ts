import type { ToolSpec } from "../../kernel/model.ts";

/**
 * Makes something once for each list of tools: a server offers the same one in every call. What is made must
 * not change.
 */
export function perTools<T>(make: (tools: readonly ToolSpec[]) => T): typeof make {
  const made = new WeakMap<readonly ToolSpec[], { readonly of: T }>();
  return (tools) => {
    const known = made.get(tools) ?? { of: make(tools) };
    made.set(tools, known);
    return known.of;
  };
}
