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
    talksToNetwork(name, args) ||
    scope.stdin?.network === true ||
    args.some((field) => field.network || isDownload(field, scope, walk));
  if (!from_network) return;
  const files = [
    ...call.targets.map(({ text }) => text),
    ...args.flatMap((_, at) => writtenFile(name, args, at) ?? []),
  ];
  for (const text of files)
    for (const folder of scope.folders.paths)
      walk.downloads.add(reachOf(text, folder, walk.root).path);
  if (!talksToNetwork(name, args)) return;
  for (const { text } of args) {
    const last = /^[a-z]+:\/\/[^?#]*\/([^/?#]+)/i.exec(text)?.[1];
    if (last === undefined) continue;
    for (const folder of [...scope.folders.paths, ...givenFolders(args)])
      walk.downloads.add(reachOf(last, folder, walk.root).path);
  }
}

/** Of `wget -P`, `curl --output-dir`. */
const givenFolders = (args: readonly Field[]): string[] =>
  args.flatMap(({ text }, at) =>
    /^(?:-P|--directory-prefix|--output-dir)$/.test(args[at - 1]?.text ?? "")
      ? [text]
      : (/^(?:-P|--directory-prefix=|--output-dir=)(.+)$/.exec(text)?.[1] ?? []),
  );

const OUTPUT = /^(?:-[A-Za-z]*[oO]|--output|--output-document)$/;
const ATTACHED_OUTPUT = /^(?:-[oO]|--output=|--output-document=|of=)(.+)$/;

/** The file that one argument says to write to; null for the others. */
function writtenFile(name: string, args: readonly Field[], at: number): string | null {
  const text = args[at]?.text ?? "";
  if (name === "tee" || name === "sponge") return text.startsWith("-") ? null : text;
  if (["cp", "mv", "install", "ln"].includes(name)) return at === args.length - 1 ? text : null;
  if (OUTPUT.test(args[at - 1]?.text ?? "")) return text;
  return ATTACHED_OUTPUT.exec(text)?.[1] ?? null;
}
