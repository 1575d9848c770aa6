import { lstatSync } from "node:fs";
import { belowRoot, reachOf } from "./operands.ts";
import type { Scope, Walk } from "./scope.ts";
import type { Field } from "./words.ts";

/** A command that a file names: `npm test`, `make`. Where that file stands, as far as words tell. */
export interface ListedScript {
  /** Where the file is looked for, from where the command runs. */
  readonly folder: string;
  /** Files that the words name themselves. */
  readonly named: readonly string[];
  /** Options that are not known may have it take another file. */
  readonly is_plain: boolean;
  readonly from: "makefile" | "manifest";
  /** Perhaps it is no script, and changes the file. */
  readonly may_write: boolean;
  /** Beside the manifest they say which shell, or which program of this name, runs. */
  readonly configs: readonly string[];
}

const MANIFEST = "package.json";
/** As `make` looks for them. */
const MAKEFILES = ["GNUmakefile", "makefile", "Makefile"];
const CONFIGS: Readonly<Record<string, readonly string[]>> = {
  npm: [".npmrc"],
  pnpm: [".npmrc"],
  yarn: [".yarnrc", ".yarnrc.yml"],
  bun: ["bunfig.toml"],
};
const FOLDER = /^(?:-C|--prefix|--dir|--cwd|--directory)$/;
const ATTACHED_FOLDER = /^(?:-C|--(?:prefix|dir|cwd|directory)=)(.+)$/;
const FILE = /^(?:-f|--file|--makefile)$/;
const ATTACHED_FILE = /^(?:-f|--(?:file|makefile)=)(.+)$/;
const HARMLESS: Readonly<Record<string, RegExp>> = {
  make: /^(?:-[knsB]+|-j\d*|--no-print-directory|--silent|--keep-going|--always-make)$/,
  node: /^--run(?:=.*)?$/,
};
const QUIET = /^(?:-s|--silent|--quiet|--if-present)$/;
const list = (text: string): ReadonlySet<string> => new Set(text.split(" "));
/** What else they do; anything more may be a script, for npm also in short: `npm tes`. */
const OTHER_DEEDS: Readonly<Record<string, ReadonlySet<string>>> = {
  npm: list(
    "install i ci clean-install add update up upgrade uninstall remove rm un unlink link ln version " +
      "publish pack audit outdated view info show why list ls la ll init create login logout whoami " +
      "config get set exec x prune dedupe fund doctor cache explain search help pkg root prefix ping",
  ),
  pnpm: list("install i add update up remove rm uninstall un link ln unlink init exec dlx create"),
  yarn: list("install add remove link unlink init dlx exec create"),
  bun: list("install i add remove rm link unlink update upgrade init create x test build pm"),
};
/** A script, or a deed that writes the manifest: which one the version of the program tells. */
const MAY_WRITE = list("up upgrade upgrade-interactive update version import patch set");
/** They say which of several manifests is meant. */
const CHOOSES_MANIFEST = /^(?:workspaces?|recursive|multi|m)$/;

/** Null for a command that takes none. */
export function listedScript(name: string, args: readonly Field[]): ListedScript | null {
  const words = args.map(({ text }) => text);
  const may_write = false;
  if (name === "make" || name === "gmake")
    return { ...read("make", words), from: "makefile", may_write };
  if (name === "node")
    return words.some((word) => /^--run(?:=|$)/.test(word))
      ? { ...read(name, words), from: "manifest", may_write }
      : null;
  const others = Object.hasOwn(OTHER_DEEDS, name) ? OTHER_DEEDS[name] : undefined;
  if (others === undefined) return null;
  const { operands, ...script } = read(name, words);
  const [deed] = operands;
  if (deed === undefined || others.has(deed)) return null;
  const is_plain = script.is_plain && !CHOOSES_MANIFEST.test(deed);
  return { ...script, is_plain, from: "manifest", may_write: MAY_WRITE.has(deed) };
}

function read(name: string, words: readonly string[]) {
  const end = words.indexOf("--");
  const own = end === -1 ? words : words.slice(0, end);
  const operands: string[] = [];
  const named: string[] = [];
  let [folder, is_plain] = [".", true];
  const goTo = (to: string) => void (folder = to.startsWith("/") ? to : `${folder}/${to}`);
  for (let at = 0; at < own.length; at++) {
    const word = own[at] ?? "";
    const into = FOLDER.test(word) ? (own[++at] ?? "") : ATTACHED_FOLDER.exec(word)?.[1];
    if (into !== undefined) {
      goTo(into);
      continue;
    }
    const is_file = name === "make" && FILE.test(word);
    const file = is_file ? own[++at] : name === "make" ? ATTACHED_FILE.exec(word)?.[1] : undefined;
    if (file !== undefined) named.push(file);
    else if (!word.startsWith("-")) operands.push(word);
    else is_plain &&= (HARMLESS[name] ?? QUIET).test(word);
  }
  is_plain &&= !named.includes("-");
  return { folder, named, is_plain, operands, configs: CONFIGS[name] ?? [] };
}

/** The files that say which commands run, relative to the workspace. */
export function filesOfScript(script: ListedScript, scope: Scope, walk: Walk): string[] {
  return scope.folders.paths.flatMap((from) => {
    const reach = reachOf(script.folder, from, walk.root);
    if (reach.kind !== "inside") return [];
    const paths =
      script.from === "makefile"
        ? makefiles(script, reach.path)
        : manifests(script, reach.path, walk.root);
    return paths.flatMap((path) => {
      const file = reachOf(path, from, walk.root);
      return file.kind === "inside" ? (belowRoot(file.path, walk.root) ?? []) : [];
    });
  });
}

function makefiles({ named }: ListedScript, folder: string): string[] {
  const files =
    named.length > 0 ? named : [MAKEFILES.find((one) => isThere(`${folder}/${one}`)) ?? "Makefile"];
  return files.map((file) => (file.startsWith("/") ? file : `${folder}/${file}`));
}

/** Up to the first that is there; one that comes to be nearer would be taken instead. */
function manifests({ configs }: ListedScript, folder: string, root: string): string[] {
  const paths: string[] = [];
  for (let at = folder; belowRoot(at, root) !== null; at = at.slice(0, at.lastIndexOf("/"))) {
    paths.push(`${at}/${MANIFEST}`, ...configs.map((one) => `${at}/${one}`).filter(isThere));
    if (isThere(`${at}/${MANIFEST}`)) break;
  }
  return paths;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
