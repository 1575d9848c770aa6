import type { Redirection } from "unbash";
import { deviceOf, writeDanger } from "./danger/targets.ts";
import { type Expander, expandPart } from "./expansions.ts";
import { reachOf } from "./operands.ts";
import type { Flow, Scope, Walk } from "./scope.ts";
import { type Field, fieldOf } from "./words.ts";

export interface Redirected {
  /** What the command reads; the scope's where nothing says otherwise. */
  readonly stdin: Flow | null;
  /** Why it does more than read files of the workspace; null where it does not. */
  readonly writes: string | null;
  /** Files that it writes to, and network addresses. */
  readonly targets: readonly Field[];
}

interface At {
  readonly scope: Scope;
  readonly walk: Walk;
  readonly expander: Expander;
}

export function walkRedirections(redirections: readonly Redirection[], at: At): Redirected {
  let result: Redirected = { stdin: at.scope.stdin, writes: null, targets: [] };
  for (const redirection of redirections) {
    const one = walkRedirection(redirection, at);
    result = {
      stdin: one.stdin ?? result.stdin,
      writes: result.writes ?? one.writes,
      targets: [...result.targets, ...one.targets],
    };
  }
  return result;
}

const nothing: Redirected = { stdin: null, writes: null, targets: [] };

function walkRedirection(node: Redirection, at: At): Redirected {
  if (node.descriptor?.type === "FileDescriptorVariable")
    return { ...nothing, writes: "it opens a file under a number that it keeps" };
  switch (node.type) {
    case "HereDoc": {
      const parts = node.body.parts ?? [];
      const pieces = parts.map((part) => {
        if (part.type === "Literal") return { text: part.value, unknown: false, network: false };
        return expandInside(part, at.expander);
      });
      const is_text = node.delimiter?.quoted === true || parts.length === 0;
      const text = is_text ? node.body.text : pieces.map((piece) => piece.text).join("");
      if (node.closing === undefined)
        return {
          ...nothing,
          writes: "a here-document without its end",
          stdin: { text, network: false },
        };
      return {
        ...nothing,
        stdin: { text, network: pieces.some((piece) => piece.network === true) },
      };
    }
    case "HereString": {
      if (node.target === undefined)
        return { ...nothing, writes: "a redirection without a target" };
      const field = fieldOf(node.target, at.expander);
      return { ...nothing, stdin: { text: field.text, network: field.network } };
    }
    case "Redirect": {
      if (node.target === undefined)
        return { ...nothing, writes: "a redirection without a target" };
      return toFile(node.operator, fieldOf(node.target, at.expander), at);
    }
  }
}

type Part = Parameters<typeof expandPart>[0];
const EXPANSIONS = new Set([
  ...["SimpleExpansion", "ParameterExpansion", "CommandExpansion", "ArithmeticExpansion"],
]);

function expandInside(part: { readonly type: string; readonly text: string }, expander: Expander) {
  if (EXPANSIONS.has(part.type)) return expandPart(part as Part, expander);
  expander.doubt("a here-document with syntax that this policy does not know", part.text);
  return { text: part.text, unknown: true, network: false };
}

function toFile(operator: string, target: Field, at: At): Redirected {
  const { text, unknown, written } = target;
  if (/^[<>]&$/.test(operator) && !unknown && /^(\d+-?|-)$/.test(text))
    return operator === "<&" && at.walk.connected
      ? { ...nothing, stdin: { text: null, network: true } }
      : nothing;
  if (deviceOf(text) === "network")
    return {
      stdin: { text: null, network: true },
      writes: "bash itself would connect over the network",
      targets: [target],
    };
  if (operator === "<") return reads(target, at);
  if (text === "/dev/null" && !unknown && operator !== "<>" && operator !== "<&") return nothing;
  const danger = writeDanger(text, at.scope.folders.paths, at.walk.root);
  if (danger !== null) at.walk.findings.add("blocked", danger, `${operator} ${written}`);
  return { ...nothing, writes: `\`${operator} ${written}\` writes a file`, targets: [target] };
}

function reads(target: Field, { scope, walk }: At): Redirected {
  const { text, unknown, glob, written } = target;
  const paths = scope.folders.paths.map((folder) => reachOf(text, folder, walk.root));
  const network = paths.some(({ path }) => walk.downloads.has(path)) || target.network;
  const stdin: Flow = { text: null, network };
  if (text === "/dev/null" && !unknown) return { ...nothing, stdin };
  const is_inside = !scope.folders.unknown && paths.every(({ kind }) => kind === "inside");
  if (is_inside && !unknown && !glob) return { ...nothing, stdin };
  return { ...nothing, stdin, writes: `${written} may lie outside the workspace` };
}
