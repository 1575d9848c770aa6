/** Which Node nvm would choose: its shell function does not run in commands. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** An alias may name another one (`default` → `lts/*` → `lts/jod` → `v22.1.0`). */
const ALIASES_FOLLOWED = 5;

/** Its folder of programs, or null where nvm has none. */
export function defaultNode(nvm: string): string | null {
  const versions = installed(join(nvm, "versions/node"));
  const chosen = choose(versions, resolveAlias(nvm));
  return chosen === null ? null : join(nvm, "versions/node", chosen, "bin");
}

/** The newest of those that begin like `wanted` ("v22", "20.1"); of all where none does. */
export function choose(versions: string[], wanted: string): string | null {
  const newest_first = versions.toSorted((a, b) => compare(b, a));
  const prefix = `v${wanted.replace(/^v/, "")}`;
  const match = newest_first.find((one) => one === prefix || one.startsWith(`${prefix}.`));
  return match ?? newest_first[0] ?? null;
}

function installed(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^v\d+\.\d+\.\d+$/.test(name));
  } catch {
    return [];
  }
}

function resolveAlias(nvm: string): string {
  let name = "default";
  for (let followed = 0; followed < ALIASES_FOLLOWED; followed++) {
    const next = readAlias(join(nvm, "alias"), name);
    if (next === null) return name;
    name = next;
  }
  return name;
}

function readAlias(folder: string, name: string): string | null {
  if (!/^[\w.*-]+(\/[\w.*-]+)?$/.test(name) || name.includes("..")) return null;
  try {
    return readFileSync(join(folder, name), "utf8").trim();
  } catch {
    return null;
  }
}

function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.slice(1).split(".").map(Number));
  const at = a!.findIndex((part, index) => part !== b![index]);
  return at === -1 ? 0 : a![at]! - b![at]!;
}
