/**
 * Compilers, interpreters and tools that the server's user has beside /usr, for commands to use: shown
 * read-only at their own paths, because shims and scripts name them absolutely.
 *
 * 1. By subfolder, from a table: never a home folder itself, never what holds credentials, and never
 *    what lies beside the programs (`.cargo/credentials.toml`, `.npmrc`, `.config`).
 * 2. Only what the server's user or root owns and nobody else can write, and so for every folder from
 *    the root down to the programs: others' bytes would run in everybody's commands.
 * 3. A home's programs are found before the system's of the same name, as by its user's own shell: the
 *    user installed them. Those of /opt come after, so that none answers for a `git` or an `ls`.
 * 4. Apart from the data folder; that no workspace touches one is for whoever places workspaces.
 */
import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, sep } from "node:path";
import { liesIn, systemFolderOf } from "../system-folders.ts";
import { defaultNode } from "./nvm.ts";

export interface Toolchain {
  /** Inside, and as scripts of the host name it. */
  path: string;
  /** Where that is on the host, links followed. */
  source: string;
  /** Device and inode: what was removed and made anew is another one. */
  identity: string;
  /** What is in a home is its user's alone and shown all the same; /opt is shown as others see it. */
  from: "home" | "opt";
}

export interface Toolchains {
  shown: Toolchain[];
  /** Folders of programs, in the order in which they are searched. Invariant 3. */
  path: { before: string[]; after: string[] };
  variables: Record<string, string>;
}

export interface ToolchainHost {
  /** Of the user whose server this is. */
  user_home: string;
  uid: number;
  /** Mainstay's data folder. */
  home: string;
  /** Where the software of third parties is; /opt. */
  opt: string;
}

interface Known {
  /** Below the user's home. */
  folder: string;
  /** What is shown of it; nothing: all of it. */
  parts?: string[];
  /** Folders of programs in it. */
  programs: string[];
  /** Is told where `folder` is. */
  variable?: string;
}

/** In the order of a person's own PATH. */
const KNOWN: Known[] = [
  { folder: ".cargo", parts: ["bin"], programs: ["bin"] },
  {
    folder: ".rustup",
    parts: ["toolchains", "settings.toml"],
    programs: [],
    variable: "RUSTUP_HOME",
  },
  { folder: ".pyenv", programs: ["shims", "bin"], variable: "PYENV_ROOT" },
  { folder: ".nvm", parts: ["versions"], programs: [], variable: "NVM_DIR" },
  { folder: ".volta", parts: ["bin", "tools"], programs: ["bin"], variable: "VOLTA_HOME" },
  { folder: ".asdf", programs: ["shims", "bin"], variable: "ASDF_DATA_DIR" },
  {
    folder: ".local/share/mise",
    parts: ["installs", "shims"],
    programs: ["shims"],
    variable: "MISE_DATA_DIR",
  },
  { folder: ".rbenv", programs: ["shims", "bin"], variable: "RBENV_ROOT" },
  { folder: ".local/share/uv", parts: ["python", "tools"], programs: [] },
  { folder: ".deno", parts: ["bin"], programs: ["bin"] },
  { folder: ".bun", parts: ["bin", "install/global"], programs: ["bin"] },
  { folder: "go", parts: ["bin"], programs: ["bin"] },
  { folder: ".local/bin", programs: ["."] },
  // What programs of .local/bin are links into; nothing else of these folders.
  { folder: ".local/share/pipx", parts: ["venvs"], programs: [] },
  { folder: ".local/pipx", parts: ["venvs"], programs: [] },
  { folder: ".local/share/pypoetry", parts: ["venv"], programs: [] },
  { folder: ".local/lib", parts: ["node_modules"], programs: [] },
];

const OTHER_VARIABLES = ["NVM_BIN", "RUSTUP_AUTO_INSTALL"];
export const TOOLCHAIN_VARIABLES = [
  ...KNOWN.flatMap(({ variable }) => variable ?? []),
  ...OTHER_VARIABLES,
];

/** Of folders in /opt, of names in each. */
const ENTRIES_LIMIT = 256;
const SHOWN_LIMIT = 48;
/** Of folders in /opt: each is looked at before each command. */
const WATCHED_LIMIT = 32;
/** Software that keeps such a thing beside its programs is left out, whoever may read it. */
const SECRET_NAME = /secret|credential|passwd|password|token|\.(key|pem|p12|env)$|^\.env|^id_/i;

/** What is there now. Never throws: what cannot be looked at is left out. */
export function findToolchains(host: ToolchainHost): Toolchains {
  const at_home = KNOWN.flatMap((known) => ofHome(known, host));
  const in_opt = ofOpt(host);
  const candidates = [...at_home.flatMap(({ shown }) => shown), ...in_opt];
  const shown = withoutNested(candidates).slice(0, SHOWN_LIMIT);
  const node = defaultNode(join(host.user_home, ".nvm"));
  const home_programs = [
    ...at_home.flatMap(({ programs }) => programs),
    ...(node === null ? [] : [node]),
  ];
  const searched = (folders: string[]) =>
    folders
      .filter((folder) => shown.some((one) => liesIn(folder, one.path)))
      .filter((folder) => isTrusted(folder, host));
  const before = searched(home_programs);
  const after = searched(in_opt.map(({ path }) => join(path, "bin")));
  const variables = Object.fromEntries(at_home.flatMap((found) => found.variable ?? []));
  if ("RUSTUP_HOME" in variables) variables["RUSTUP_AUTO_INSTALL"] = "0"; // it is read-only
  if (node !== null && before.includes(node)) variables["NVM_BIN"] = node;
  return { shown, path: { before, after }, variables };
}

/** Folders that change when something else may be found than now; those that are not there change others. */
export function foldersLookedAt({ user_home, opt }: ToolchainHost): string[] {
  const at_home = KNOWN.flatMap(({ folder, parts = [], programs }) =>
    [".", ...parts, ...programs].map((name) => join(folder, name)),
  );
  const between = [".", ".local", ".local/share", ".local/lib", ".nvm/alias", ".nvm/versions/node"];
  const in_opt = namesIn(opt).slice(0, WATCHED_LIMIT);
  const all = [
    ...[...between, ...at_home].map((name) => join(user_home, name)),
    ...[".", ...in_opt].map((name) => join(opt, name)),
  ];
  return [...new Set(all)].filter((path) => lookAt(path) !== null);
}

function ofHome({ folder, parts = ["."], programs, variable }: Known, host: ToolchainHost) {
  const root = join(host.user_home, folder);
  const shown = parts.flatMap((part) => toolchainAt(join(root, part), "home", host));
  if (shown.length === 0) return [];
  const folders = programs.map((name) => join(root, name)).filter(isFolder);
  const named: [string, string][] = variable === undefined ? [] : [[variable, root]];
  return [{ shown, programs: folders, variable: named }];
}

/** `/opt/NAME` or `/opt/VENDOR/NAME` that has programs in `bin`. */
function ofOpt(host: ToolchainHost): Toolchain[] {
  const children = namesIn(host.opt).map((name) => join(host.opt, name));
  const grandchildren = children
    .filter((path) => !isFolder(join(path, "bin")))
    .flatMap((path) => namesIn(path).map((name) => join(path, name)));
  return [...children, ...grandchildren]
    .slice(0, ENTRIES_LIMIT)
    .filter((path) => hasPrograms(join(path, "bin")))
    .filter((path) => !namesIn(path).some((name) => SECRET_NAME.test(name)))
    .filter((path) => isForOthers(path) && isTrusted(join(path, "bin"), host))
    .flatMap((path) => toolchainAt(path, "opt", host));
}

function hasPrograms(bin: string): boolean {
  return namesIn(bin).some((name) => {
    const found = statSync(join(bin, name), { throwIfNoEntry: false });
    return found !== undefined && found.isFile() && (found.mode & 0o111) !== 0;
  });
}

const isForOthers = (path: string) => ((lookAt(path)?.mode ?? 0) & 0o005) === 0o005;

/** One or none. */
function toolchainAt(path: string, from: Toolchain["from"], host: ToolchainHost): Toolchain[] {
  const normal = join(path, ".");
  const source = realPathOf(normal);
  const found = source === null ? null : lookAt(source);
  if (source === null || found === null || !isTrusted(normal, host)) return [];
  const is_apart = [normal, source].every((one) => isApart(one, host));
  return is_apart ? [{ path: normal, source, identity: `${found.dev}:${found.ino}`, from }] : [];
}

/** Invariant 2, of the way by which it is named and of the one to where links lead. */
function isTrusted(path: string, host: ToolchainHost): boolean {
  const source = realPathOf(path);
  return source !== null && [path, source].every((one) => wayTo(one).every(isOurs));

  function isOurs(folder: string): boolean {
    const found = lookAt(folder);
    if (found === null || (found.uid !== host.uid && found.uid !== 0)) return false;
    // In a folder like /tmp nobody exchanges what is another's.
    const is_sticky = (found.mode & 0o1000) !== 0 && folder !== source;
    return found.isSymbolicLink() || is_sticky || !isOpenToOthers(found);
  }
}

/** "/", "/home", "/home/ada", … */
function wayTo(path: string): string[] {
  const names = path.split(sep).filter((name) => name !== "");
  return ["/", ...names.map((_name, at) => `/${names.slice(0, at + 1).join("/")}`)];
}

/** Where everybody has a group of their own, theirs may write by default. */
const isOpenToOthers = ({ uid, gid, mode }: Stats) => (mode & (gid === uid ? 0o002 : 0o022)) !== 0;

/** Invariants 1 and 4; a colon would be two folders in a PATH. */
function isApart(path: string, { home, user_home }: ToolchainHost): boolean {
  const touches = liesIn(path, home) || liesIn(home, path) || liesIn(user_home, path);
  return !touches && systemFolderOf(path) === null && !path.includes(":");
}

/** A folder that lies in another one of the list is shown with it. */
function withoutNested(all: Toolchain[]): Toolchain[] {
  const unique = [...new Map(all.map((one) => [one.path, one])).values()];
  return unique.filter(({ path }) =>
    unique.every((other) => other.path === path || !liesIn(path, other.path)),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, ENTRIES_LIMIT);
  } catch {
    return [];
  }
}

function realPathOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

const isFolder = (path: string) => lookAt(path)?.isDirectory() === true;
