import { liesIn } from "@mainstay/executor/system-folders";
import type { HostGrant, Opening } from "@mainstay/sdk/network";
import type { Workspaces } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import type { TurnWorkspace, WorkspaceRoot } from "../../kernel/workspace.ts";
import { hostInWords } from "./network-of-command.ts";
import { visibleLine } from "./visible.ts";

/** What a call wants opened for its command alone: hosts with public addresses, folders by their paths. */
export interface OpeningWish {
  readonly hosts: readonly HostGrant[];
  readonly folders: readonly string[];
}

/** The same, as it stands on this host now. */
export interface Opened {
  readonly hosts: readonly HostGrant[];
  /** Other workspaces of the same person, to be read. */
  readonly folders: readonly TurnWorkspace[];
}

export type FoundOpening =
  | { readonly state: "nothing" }
  | { readonly state: "found"; readonly opened: Opened }
  | { readonly state: "impossible"; readonly why: string };

/** For whom, and from where. */
export interface OpeningPlace {
  readonly person: { readonly id: string };
  readonly workspace: TurnWorkspace;
}

export type FindOpening = (place: OpeningPlace, wish: OpeningWish | null) => Promise<FoundOpening>;

/**
 * Finds what a call wants opened. A folder is one that its person has proven to be theirs: another
 * workspace of theirs, whole; nothing else of the host can be opened.
 */
export function createFindOpening(workspaces: Pick<Workspaces, "resolve">): FindOpening {
  return async ({ person, workspace }, wish) => {
    if (wish === null || (wish.hosts.length === 0 && wish.folders.length === 0))
      return { state: "nothing" };
    const folders: TurnWorkspace[] = [];
    for (const path of new Set(wish.folders)) {
      const found = await resolved(person, path);
      if (typeof found === "string") return impossible(path, found);
      if (liesIn(found.path, workspace.path)) return impossible(path, "it lies in the workspace");
      if (liesIn(workspace.path, found.path)) return impossible(path, "the workspace lies in it");
      folders.push(found);
    }
    return { state: "found", opened: { hosts: wish.hosts, folders } };
  };

  async function resolved(
    person: OpeningPlace["person"],
    path: string,
  ): Promise<TurnWorkspace | string> {
    try {
      return await workspaces.resolve(person, path);
    } catch (fault) {
      if (!(fault instanceof Refusal)) throw fault;
      return `it is no workspace of this person; they register it with \`mainstay workspace add ${visibleLine(path)}\``;
    }
  }
}

/** Paths of what `createFindOpening` would find: the person's other workspaces, apart from this one. */
export const createOpenable =
  (workspaces: Pick<Workspaces, "pathsOf">) =>
  async ({ person, workspace }: OpeningPlace) => ({
    workspace: workspace.path,
    folders: (await workspaces.pathsOf(person)).filter(
      (path) => !liesIn(path, workspace.path) && !liesIn(workspace.path, path),
    ),
  });

const impossible = (path: string, why: string): FoundOpening => ({
  state: "impossible",
  why: `${visibleLine(path)} cannot be opened: ${why}`,
});

/** As a person is shown it, and as it is kept. */
export const toldOpening = ({ hosts, folders }: Opened): Opening => ({
  hosts: [...hosts],
  folders: folders.map(({ path }) => path),
});

/** What agreeing opens, a sentence each. */
export const openingInWords = ({ hosts, folders }: Opened): string[] => [
  ...hosts.map((host) => `opens the host ${hostInWords(host)}, for this one command`),
  ...folders.map(({ path }) => `lets it read all of ${visibleLine(path)}, for this one command`),
];

/** What an opening is known by: another folder at a path is another opening. */
export interface KnownOpening {
  readonly hosts: readonly HostGrant[];
  readonly folders: readonly WorkspaceRoot[];
}

/** Whether a person's word for one is one for the other. */
export const isSameOpening = (one: KnownOpening | null, other: KnownOpening | null): boolean =>
  known(one) === known(other);

const known = (opening: KnownOpening | null): string =>
  JSON.stringify([
    opening?.hosts ?? [],
    opening?.folders.map(({ path, ino, owner_uid }) => [path, ino, owner_uid]) ?? [],
  ]);
