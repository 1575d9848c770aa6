import { posix } from "node:path";
import type { CommandEnd } from "@mainstay/executor/command";
import { NOT_LISTED } from "@mainstay/executor/network/refusal";
import { liesIn, systemFolderOf } from "@mainstay/executor/system-folders";
import { HostPattern } from "@mainstay/sdk/network";
import type { Lacked } from "../kernel/lacked.ts";

type Exited = Extract<CommandEnd, { outcome: "exited" }>;

/** Programs say at the end what went wrong. */
const READ_CHARS = 16_000;
const TOLD = 8;

/** Folders of the person that could be opened; those of others are none of a command's business. */
export interface Openable {
  /** Where paths are relative to. */
  readonly workspace: string;
  readonly folders: readonly string[];
}

/**
 * What a command failed for lack of: hosts that it was kept from, or that its own words of failure
 * name, and folders. Null where nothing points to that. Pure; what it finds is a guess that a person
 * is shown before it becomes anything.
 */
export function whatItLacked(end: Exited, openable: Openable): Lacked | null {
  if (end.exit_code === 0 || end.cancelled) return null;
  const text = end.output.slice(-READ_CHARS);
  // The proxy knows; where it refused nothing the program did not find its way to it.
  const is_known = end.network.some(({ refused }) => refused !== null);
  const hosts = is_known ? notGranted(end) : namedHosts(text).filter(isName);
  const lacked = {
    hosts: [...new Set(hosts)].slice(0, TOLD),
    folders: [...new Set(openableIn(text, openable))].slice(0, TOLD),
  };
  return lacked.hosts.length + lacked.folders.length > 0 ? lacked : null;
}

/**
 * Names that it was kept from because nobody granted them, however it ended. A host that was granted
 * and is down, or lies inside, is not had by opening it.
 */
export const notGranted = ({ network }: Pick<Exited, "network">): string[] =>
  network
    .flatMap(({ host, port, refused }) => (refused === NOT_LISTED ? [`${host}:${port}`] : []))
    .filter(isName)
    .slice(0, TOLD);

const isName = (host: string): boolean =>
  HostPattern.safeParse(host.replace(/:\d+$/, "").toLowerCase()).success;

/** The name is the first group, the port the second where there is one. */
const UNREACHED: readonly RegExp[] = [
  /could not resolve host(?:name)?:? ([\w.-]+)/gi,
  /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)/g,
  /unable to resolve host address [‘'"]([\w.-]+)/g,
  /failed to connect to ([\w.-]+) port (\d{1,5})/gi,
  /HTTPS?ConnectionPool\(host='([\w.-]+)', port=(\d{1,5})\)/g,
  /dial tcp: lookup ([\w.-]+)/g,
  /request to https?:\/\/([\w.-]+)(?::(\d{1,5}))?\S* failed/g,
  /unable to access 'https?:\/\/(?:[^@/'\s]*@)?([\w.-]+)(?::(\d{1,5}))?/g,
];

const namedHosts = (text: string): string[] =>
  UNREACHED.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, name = "", port]) => {
      const host = name.replace(/\.$/, "").toLowerCase();
      return port === undefined ? host : `${host}:${port}`;
    }),
  );

const NOT_THERE =
  /^.*(?:no such file or directory|permission denied|cannot access|ENOENT|EACCES|not found|does not exist).*$/gim;
const PATHS = /(?:^|[\s'"‘`(=:])((?:\/|\.\.\/)[^\s'"’`:;,()<>|]+)/g;
/** What is opened can only be read. */
const WRITES = /cannot (?:create|touch|move|remove|overwrite)|unable to (?:create|write)/i;

interface Named {
  readonly path: string;
  readonly to_write: boolean;
}

/** Paths that the words of a failure name; whether they exist, nobody looked. */
const namedPaths = (text: string, workspace: string): Named[] =>
  [...text.matchAll(NOT_THERE)].flatMap(([line]) =>
    [...line.matchAll(PATHS)].map(([, path = ""]) => ({
      path: posix.resolve(workspace, path),
      to_write: WRITES.test(line),
    })),
  );

const openableIn = (text: string, { workspace, folders }: Openable): string[] =>
  namedPaths(text, workspace)
    .filter(({ to_write }) => !to_write)
    .flatMap(({ path }) => folders.filter((folder) => liesIn(path, folder)));

/** The sandbox has its own of these. */
const OWN_FOLDERS = ["/tmp", "/var", "/home/agent"];

/**
 * A path outside that its words of failure name and that no opening helps with: it is to be written,
 * or lies in no workspace of the person. Told by those words alone, so that it says nothing of what
 * exists.
 */
export function outOfReach(end: Exited, { workspace, folders }: Openable): Named | null {
  if (end.exit_code === 0 || end.cancelled) return null;
  const isSeen = (path: string): boolean =>
    [workspace, ...OWN_FOLDERS].some((folder) => liesIn(path, folder)) ||
    systemFolderOf(path) !== null;
  const named = namedPaths(end.output.slice(-READ_CHARS), workspace);
  const found = named.find(({ path, to_write }) =>
    // A workspace may lie in /tmp; what is there of other workspaces is not the sandbox's own.
    folders.some((folder) => liesIn(path, folder)) ? to_write : !isSeen(path),
  );
  return found ?? null;
}
