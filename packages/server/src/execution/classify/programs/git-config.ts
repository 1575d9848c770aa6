import { lstatSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Folders } from "../folders.ts";
import { UNKNOWN_FOLDER } from "../paths.ts";
import { indexDoubt } from "./git-index.ts";

const CONFIG_BYTES = 65_536;
/** Of some hundred thousand files. */
const INDEX_BYTES = 32 << 20;
/** Settings that name no program, no other file and no other repository. */
const HARMLESS_KEY = new RegExp(
  `^(?:${[
    "core\\.(?:repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|autocrlf|eol|safecrlf|abbrev|quotepath|longpaths|compression|hidedotfiles|bigfilethreshold|untrackedcache|preloadindex|whitespace)",
    "remote\\..*\\.(?:url|fetch|pushurl|prune|tagopt|gh-resolved|mirror)",
    "branch\\..*\\.(?:remote|merge|rebase|description|pushremote|vscode-merge-base|github-pr-owner-number)",
    "user\\.(?:name|email|signingkey)",
    "(?:init\\.defaultbranch|pull\\.(?:rebase|ff)|push\\.(?:default|autosetupremote|followtags)|fetch\\.prune|merge\\.(?:ff|conflictstyle)|commit\\.gpgsign|tag\\.gpgsign|rerere\\.enabled|rebase\\.(?:autosquash|autostash))",
    "diff\\.(?:algorithm|renames|colormoved|context|mnemonicprefix|noprefix)",
    "color\\..*|advice\\..*|gui\\..*|gc\\.auto|lfs\\.repositoryformatversion",
  ].join("|")})$`,
);
const HEADER = /^\s*\[\s*([A-Za-z0-9-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\](.*)$/;
const SETTING = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=(.*))?$/;
const NOTHING = /^\s*(?:[#;].*)?$/;

/** Why git may run more than itself in the repository it would find; null when it would not. */
export function repositoryDoubt(folders: Folders, root: string): string | null {
  if (folders.unknown) return UNKNOWN_FOLDER;
  for (const folder of folders.paths) {
    const doubt = fromFolder(folder, root);
    if (doubt !== null) return doubt;
  }
  return null;
}

function fromFolder(folder: string, root: string): string | null {
  if (folder !== root && kindOf(folder) !== "folder")
    return "the folder in which git would look is not there yet";
  for (let at = folder; ; at = dirname(at)) {
    if (kindOf(`${at}/HEAD`) !== "absent" && kindOf(`${at}/objects`) !== "absent")
      return "the folder itself looks like a repository, whose settings may run programs";
    const found = kindOf(`${at}/.git`);
    if (found !== "absent" && at !== root)
      return "a repository inside of the workspace has settings of its own";
    if (found === "folder") return settingsDoubt(root);
    if (found !== "absent") return "`.git` points to a repository elsewhere";
    if (at === root || !at.startsWith(root)) return null;
  }
}

function settingsDoubt(root: string): string | null {
  const elsewhere = [".git/commondir", ".git/modules", ".git/config.worktree", ".gitmodules"];
  const other = elsewhere.find((name) => kindOf(`${root}/${name}`) !== "absent");
  if (other !== undefined) return `\`${other}\` brings settings of other repositories`;
  return (
    fileDoubt(root, "config", CONFIG_BYTES, (bytes) => configDoubt(bytes.toString("utf8"))) ??
    fileDoubt(root, "index", INDEX_BYTES, indexDoubt)
  );
}

function fileDoubt(
  root: string,
  name: string,
  limit_bytes: number,
  doubtOf: (bytes: Buffer) => string | null,
): string | null {
  const path = `${root}/.git/${name}`;
  const kind = kindOf(path);
  if (kind === "absent") return null;
  if (kind !== "file") return `\`.git/${name}\` is not a plain file`;
  try {
    if (lstatSync(path).size > limit_bytes) return `\`.git/${name}\` is too long`;
    return doubtOf(readFileSync(path));
  } catch {
    return `\`.git/${name}\` cannot be read`;
  }
}

/** @param text of a config file of git; whatever is not plainly harmless in it is a doubt */
function configDoubt(text: string): string | null {
  let section = "";
  for (const line of text.replaceAll("\r\n", "\n").split("\n")) {
    const header = HEADER.exec(line);
    const rest = header === null ? line : (header[3] ?? "");
    if (header !== null)
      section = `${header[1]?.toLowerCase()}.${header[2] === undefined ? "" : `${header[2]}.`}`;
    if (NOTHING.test(rest)) continue;
    const setting = SETTING.exec(rest);
    if (setting === null || /[\r\0]|\\$/.test(rest))
      return "`.git/config` has a line that this policy does not read";
    const key = `${section}${setting[1]?.toLowerCase()}`;
    if (!HARMLESS_KEY.test(key))
      return `\`${key}\` in .git/config may run a program, or read elsewhere`;
  }
  return null;
}

function kindOf(path: string): "absent" | "file" | "folder" | "other" {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return "absent";
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
  } catch {
    return "other";
  }
}
