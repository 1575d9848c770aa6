import type { Call } from "./call.ts";
import { talksToNetwork } from "./flows.ts";
import { reachOf } from "./operands.ts";
import { isDownload } from "./paths.ts";
import type { Scope, Walk } from "./scope.ts";
import type { Field } from "./words.ts";

/** Files that hold what came over the network, for when they are run. */
export function noteDownloads(
  name: string,
  args: readonly Field[],
  call: Call,
  scope: Scope,
  walk: Walk,
): void {
  const from_network =
    talksToNetwork(name) ||
    scope.stdin?.network === true ||
    args.some((field) => field.network || isDownload(field, scope, walk));
  if (!from_network) return;
  const files = [...call.targets, ...args.filter((_, at) => writesTo(name, args, at))];
  for (const { text } of files)
    for (const folder of scope.folders) walk.downloads.add(reachOf(text, folder, walk.root).path);
  if (!talksToNetwork(name)) return;
  for (const { text } of args) {
    const last = /^[a-z]+:\/\/[^?#]*\/([^/?#]+)/i.exec(text)?.[1];
    if (last === undefined) continue;
    for (const folder of scope.folders) walk.downloads.add(reachOf(last, folder, walk.root).path);
  }
}

function writesTo(name: string, args: readonly Field[], at: number): boolean {
  const before = args[at - 1]?.text ?? "";
  if (name === "tee" || name === "sponge") return !(args[at]?.text.startsWith("-") ?? true);
  if (["cp", "mv", "install", "ln"].includes(name)) return at === args.length - 1;
  return /^(?:-[A-Za-z]*[oO]|--output|--output-document)$/.test(before);
}
