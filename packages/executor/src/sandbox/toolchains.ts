/**
 * Compilers, interpreters and tools that the server's user has beside /usr, for commands to use: shown
 * read-only at their own paths, because shims and scripts name them absolutely.
 *
 * 1. By subfolder, from a table: never a home folder itself, never what holds credentials, and never
 *    what lies beside the programs (`.cargo/credentials.toml`, `.npmrc`, `.config`).
 * 2. Only what the server's user or root owns and nobody else can write: others' bytes would run in
 *    everybody's commands.
 * 3. Apart from the data folder; that no workspace touches one is for whoever places workspaces.
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
  /** What is in a home is its user's alone and shown all the same; /opt is shown as others see it. */
  from: "home" | "opt";
}

export interface Toolchains {
  shown: Toolchain[];
  /** Folders of programs, in the order in which they are searched, before the system's. */
  path: string[];
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
  { folder: ".local/share/uv", parts: ["python"], programs: [] },
  { folder: ".deno", parts: ["bin"], programs: ["bin"] },
  { folder: ".bun", parts: ["bin", "install/global"], programs: ["bin"] },
  { folder: "go", parts: ["bin"], programs: ["bin"] },
  { folder: ".local/bin", programs: ["."] },
];

const OTHER_VARIABLES = ["NVM_BIN", "RUSTUP_AUTO_INSTALL"];
export const TOOLCHAIN_VARIABLES = [
  ...KNOWN.flatMap(({ variable }) => variable ?? []),
  ...OTHER_VARIABLES,
];

/** Of links in `.local/bin`, of folders in /opt. */
const ENTRIES_LIMIT = 256;
const SHOWN_LIMIT = 48;
/** Software that keeps such a thing beside its programs is left out, whoever may read it. */
const SECRET_NAME = /secret|credential|passwd|password|token|\.(key|pem|p12|env)$|^\.env|^id_/i;

/** What is there now. Never throws: what cannot be looked at is left out. */
export function findToolchains(host: ToolchainHost): Toolchains {
  const at_home = KNOWN.flatMap((known) => ofHome(known, host));
  const linked = linkedFrom(join(host.user_home, ".local/bin"), host);
  const in_opt = ofOpt(host);
  const candidates = [...at_home.flatMap(({ shown }) => shown), ...linked, ...in_opt];
  const shown = withoutNested(candidates).slice(0, SHOWN_LIMIT);
  const node = defaultNode(join(host.user_home, ".nvm"));
  const programs = [
    ...at_home.flatMap(({ programs }) => programs),
    ...(node === null ? [] : [node]),
    ...in_opt.map(({ path }) => join(path, "bin")),
  ];
  const path = programs.filter((folder) => shown.some((one) => liesIn(folder, one.path)));
  const variables = Object.fromEntries(at_home.flatMap((found) => found.variable ?? []));
  if ("RUSTUP_HOME" in variables) variables["RUSTUP_AUTO_INSTALL"] = "0"; // it is read-only
  if (node !== null && path.includes(node)) variables["NVM_BIN"] = node;
  return { shown, path, variables };
}

function ofHome({ folder, parts = ["."], programs, variable }: Known, host: ToolchainHost) {
  const root = join(host.user_home, folder);
  const shown = parts.flatMap((part) => toolchainAt(join(root, part), "home", host));
  if (shown.length === 0) return [];
  const folders = programs.map((name) => join(root, name)).filter(isFolder);
  const named: [string, string][] = variable === undefined ? [] : [[variable, root]];
  return [{ shown, programs: folders, variable: named }];
}

/** Programs in `.local/bin` are often links to an environment of their own: `pipx/venvs`, `uv/tools`. */
function linkedFrom(folder: string, host: ToolchainHost): Toolchain[] {
  const homes = [".local/share", ".local/lib"].map((name) => join(host.user_home, name));
  const found = namesIn(folder).flatMap((name) => {
    const target = realPathOf(join(folder, name));
    const home = homes.find((one) => target !== null && liesIn(target, realPathOf(one) ?? one));
    if (target === null || home === undefined) return [];
    const [vendor, kind, ...rest] = target.slice((realPathOf(home) ?? home).length + 1).split(sep);
    return rest.length === 0 ? [] : [join(home, vendor!, kind!)];
  });
  return [...new Set(found)].flatMap((path) => toolchainAt(path, "home", host));
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
    .filter((path) => isForOthers(path))
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
  if (source === null || !isTrusted(source, host)) return [];
  const is_apart = [normal, source].every((one) => isApart(one, host));
  return is_apart ? [{ path: normal, source, from }] : [];
}

/** Invariant 2. */
function isTrusted(source: string, { uid }: ToolchainHost): boolean {
  const found = lookAt(source);
  if (found === null || (found.uid !== uid && found.uid !== 0)) return false;
  // Where everybody has a group of their own, theirs may write by default.
  const others = found.gid === found.uid ? 0o002 : 0o022;
  return (found.mode & others) === 0;
}

/** Invariants 1 and 3; a colon would be two folders in a PATH. */
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
