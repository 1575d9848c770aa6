import { type Dirent, readdirSync } from "node:fs";
import { reachOf } from "./operands.ts";

/** Names that are looked at for one pattern or one tree; more than that asks. */
const ENTRIES = 4096;
const WILD = /[*?[]/;

/**
 * Whether a pattern may lead out of the workspace: by itself, or through a link among what it matches
 * now. A pattern before `..` may, because nobody knows above what it then is. So may one that matches
 * a name like an option: it could name a list of further files.
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
    const is_option = head === "" && entry.name.startsWith("-");
    // A name that is no UTF-8 cannot be looked up here.
    if (is_option || entry.name.includes("\ufffd")) return true;
    return rest.length === 0 && !entry.isSymbolicLink()
      ? false
      : leadsOut(joined(head, entry.name, at), rest, at);
  });
}

const joined = (head: string, name: string, { pattern }: At): string =>
  head === "" && !pattern.startsWith("/") ? name : `${head}/${name}`;

/** As wide as the pattern at least: one with a bracket is taken for any name. */
function expressionOf(pattern: string): RegExp {
  if (pattern.includes("[")) return /^/;
  const source = pattern
    .replace(/[.+^${}()|\]\\]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  return new RegExp(`^${source}$`, "u");
}

/** Whether anything below a folder, or below what its links lead to, is outside the workspace. */
export function treeLeadsOut(path: string, root: string): boolean {
  const todo = [path];
  const seen = new Set<string>();
  let left = ENTRIES;
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const entry of entriesOf(next)) {
      if (--left < 0 || entry.name.includes("\ufffd")) return true;
      const below = `${next}/${entry.name}`;
      if (entry.isDirectory()) todo.push(below);
      if (!entry.isSymbolicLink()) continue;
      const reach = reachOf(below, root, root);
      if (reach.kind !== "inside") return true;
      todo.push(reach.path);
    }
  }
  return false;
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // Not there, or no folder: nothing matches.
    return [];
  }
}
