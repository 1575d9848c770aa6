import { type Dirent, readdirSync } from "node:fs";
import { reachOf } from "./operands.ts";

/** Names that are looked at for one pattern or one tree; more than that asks. */
const ENTRIES = 4096;
const WILD = /[*?[]/;

/**
 * Whether a pattern may lead out of the workspace: by itself, or through a link among what it matches
 * now. A pattern before `..` may, because nobody knows above what it then is.
 */
export function patternLeadsOut(pattern: string, folder: string, root: string): boolean {
  const names = pattern.split("/");
  const first = names.findIndex((name) => WILD.test(name));
  if (names.some((name, at) => at > first && name === "..")) return true;
  if (names.some((name) => name.startsWith(".") && WILD.test(name))) return true;
  const budget = { entries: ENTRIES };
  return leadsOut(names.slice(0, first).join("/"), names.slice(first), {
    pattern,
    folder,
    root,
    budget,
  });
}

interface At {
  readonly pattern: string;
  readonly folder: string;
  readonly root: string;
  readonly budget: { entries: number };
}

function leadsOut(head: string, [name, ...rest]: readonly string[], at: At): boolean {
  const start = head === "" && at.pattern.startsWith("/") ? "/" : head || ".";
  const reach = reachOf(start, at.folder, at.root);
  if (reach.kind !== "inside") return true;
  if (name === undefined) return false;
  if (!WILD.test(name)) return leadsOut(joined(head, name, at), rest, at);
  const matches = expressionOf(name);
  return entriesOf(reach.path).some((entry) => {
    if (--at.budget.entries < 0) return true;
    if (!matches.test(entry.name)) return false;
    return rest.length === 0 && !entry.isSymbolicLink()
      ? false
      : leadsOut(joined(head, entry.name, at), rest, at);
  });
}

const joined = (head: string, name: string, { pattern }: At): string =>
  head === "" && !pattern.startsWith("/") ? name : `${head}/${name}`;

/** As wide as the pattern at least: a bracket is taken for any character. */
function expressionOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\[[^\]]*\]/g, ".")
    .replace(/\[/g, "\\[")
    .replace(/(?<!\\)\*/g, "[^]*")
    .replace(/\?/g, "[^]");
  return new RegExp(`^${source}$`, "u");
}

/** Whether anything below a folder is a link that leads out of the workspace. */
export function treeLeadsOut(path: string, root: string): boolean {
  const todo = [path];
  for (let left = ENTRIES; left > 0; left--) {
    const next = todo.pop();
    if (next === undefined) return false;
    for (const entry of entriesOf(next)) {
      const below = `${next}/${entry.name}`;
      if (entry.isDirectory()) todo.push(below);
      if (entry.isSymbolicLink() && reachOf(below, root, root).kind !== "inside") return true;
      if (--left < 0) return true;
    }
  }
  return true;
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // Not there, or no folder: nothing matches.
    return [];
  }
}
