import type { Rule, Suspect } from "./danger.ts";
import { lossDanger, writeDanger } from "./targets.ts";

const REMOVERS: ReadonlySet<string> = new Set([
  "rm",
  "rmdir",
  "unlink",
  "shred",
  "srm",
  "wipe",
  "truncate",
]);
/** All of these take the mode, owner or attributes first. */
const CHANGERS: ReadonlySet<string> = new Set([
  "chmod",
  "chown",
  "chgrp",
  "chattr",
  "setfacl",
  "chcon",
]);
const WRITERS: ReadonlySet<string> = new Set(["tee", "sponge"]);
const COPIERS: ReadonlySet<string> = new Set(["cp", "install", "ln", "rsync", "scp"]);

const operandsOf = ({ args }: Suspect): string[] =>
  args.map(({ text }) => text).filter((text) => !text.startsWith("-"));

/** What takes away or overwrites more than a workspace's own. */
export const lossDangers: Rule = (suspect) => {
  const { name, args, scope, walk } = suspect;
  const does = CHANGERS.has(name) ? "changes who may do what with" : "takes away";
  const loss = (text: string) => lossDanger(text, scope.folders.paths, walk.root, does);
  const write = (text: string) => writeDanger(text, scope.folders.paths, walk.root);
  const operands = operandsOf(suspect);
  const words = args.map(({ text }) => text);
  if (REMOVERS.has(name))
    return [
      ...operands.map((text) => loss(text) ?? write(text)),
      words.some((word) => word.startsWith("--no-pres"))
        ? "it overrides the protection of `/`"
        : null,
    ];
  if (CHANGERS.has(name)) {
    const is_deep = words.some((word) => /^-[a-zA-Z]*R|^--recursive/.test(word));
    const targets = name === "chattr" ? operands : operands.slice(1);
    return targets.map((text) => (is_deep ? loss(text) : null) ?? write(text));
  }
  if (name === "mv" || COPIERS.has(name)) {
    const given = targetFolder(words);
    if (given !== null) return [write(given)];
  }
  if (name === "mv") {
    const [target = "", ...sources] = operands.toReversed();
    return [...sources.map(loss), write(target)];
  }
  if (COPIERS.has(name)) {
    const target = operands.at(-1) ?? "";
    const mirrors = name === "rsync" && words.some((word) => word.startsWith("--del"));
    return [operands.length > 1 ? write(target) : null, mirrors ? loss(target) : null];
  }
  if (WRITERS.has(name)) return operands.map(write);
  if (name === "dd")
    return words.map((word) => (word.startsWith("of=") ? write(word.slice(3)) : null));
  if (name === "sed" || name === "perl")
    return words.some((word) => /^-[a-zA-Z]*i|^--in-place/.test(word)) ? operands.map(write) : [];
  if (name === "find") return findLosses(words, loss);
  if (name === "tar") return words.includes("--remove-files") ? operands.map(loss) : [];
  return [];
};

/** Where `-t` says that copies go. */
function targetFolder(words: readonly string[]): string | null {
  for (const [at, word] of words.entries()) {
    if (word === "-t" || word === "--target-directory") return words[at + 1] ?? null;
    const attached = /^(?:-t|--target-directory=)(.+)$/.exec(word)?.[1];
    if (attached !== undefined) return attached;
  }
  return null;
}

function findLosses(words: readonly string[], loss: (text: string) => string | null) {
  if (!words.some((word) => word === "-delete")) return [];
  const first = words.findIndex((word) => /^[-(!]/.test(word) && !/^-[HLP]$/.test(word));
  return words
    .slice(0, first)
    .filter((word) => !word.startsWith("-"))
    .map(loss);
}
