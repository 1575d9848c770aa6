import { mkdir, realpath } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { NewWorkspace, Workspace } from "@mainstay/sdk/resources";
import { Refusal } from "../kernel/errors.ts";
import { isoTime } from "../kernel/time.ts";
import type { Person } from "./authentication.ts";
import { createFolderProofs } from "./folder-proof.ts";
import { checkFolder } from "./folder-rules.ts";
import { withFolder } from "./folder.ts";
import {
  createWorkspaceRows,
  type WorkspaceRow,
  type WorkspaceRowsParts,
} from "./workspace-rows.ts";

/** Where a turn works. */
export interface Place {
  readonly id: string;
  /** Absolute; free of symbolic links when it was registered. */
  readonly path: string;
  readonly trusted: boolean;
  readonly private: boolean;
}

export interface Workspaces {
  /** The person's workspaces, the oldest first. */
  list(person: Person): Promise<Workspace[]>;
  /**
   * Registers a folder of this host. The same folder again is the same workspace; its trust changes
   * only where `trust` is sent, and what changes needs a proof.
   *
   * @throws Refusal `workspace_refused`, `workspace_unproven`
   */
  register(person: Person, wish: NewWorkspace): Promise<Workspace>;
  /**
   * The workspace of an id or a registered path; without one the person's own, made on demand.
   *
   * @throws Refusal `not_found`; `forbidden` for another person's
   */
  resolve(person: Person, id_or_path: string | undefined): Promise<Place>;
}

export interface WorkspacesParts extends WorkspaceRowsParts {
  /** The server's own user. */
  readonly uid: number;
  /** Home folders of this host, free of symbolic links. */
  readonly local_homes: readonly string[];
}

export function createWorkspaces(parts: WorkspacesParts): Workspaces {
  const rows = createWorkspaceRows(parts);
  const proofs = createFolderProofs(parts.clock, parts.uid);

  const register = (person: Person, wish: NewWorkspace): Promise<Workspace> =>
    withFolder(wish.path, async (folder, fd_path) => {
      const home = await realpath(parts.home);
      checkFolder(person, folder, { home, local_homes: parts.local_homes });
      const known = await rows.at(person, folder.path);
      const trusted = Number(wish.trust ?? known?.trusted ?? 0);
      if (known?.trusted === trusted) return described(known);
      await proofs.check(person.id, folder, fd_path, wish.proof);
      const row = known
        ? await rows.setTrusted(known, trusted)
        : await rows.add(person, folder.path, trusted);
      return described(row);
    });

  async function resolve(person: Person, id_or_path: string | undefined): Promise<Place> {
    const row =
      id_or_path === undefined ? await rows.ensurePrivate(person) : await named(person, id_or_path);
    // A folder that a crash kept from being made after its row is made here.
    if (row.is_private === 1) await mkdir(row.path, { recursive: true, mode: 0o700 });
    return placeOf(row);
  }

  async function named(person: Person, id_or_path: string): Promise<WorkspaceRow> {
    const row = isAbsolute(id_or_path)
      ? await atPath(person, id_or_path)
      : await rows.byId(id_or_path);
    if (row === undefined) throw unregistered();
    if (row.person_id !== person.id) throw notYours();
    return row;
  }

  async function atPath(person: Person, path: string): Promise<WorkspaceRow | undefined> {
    const real = await realpath(path).catch(() => path);
    return (
      (await rows.at(person, path)) ?? (await rows.at(person, real)) ?? (await rows.privateAt(real))
    );
  }

  return { list: async (person) => (await rows.listOf(person)).map(described), register, resolve };
}

const placeOf = ({ id, path, trusted, is_private }: WorkspaceRow): Place => ({
  id,
  path,
  trusted: trusted === 1,
  private: is_private === 1,
});

const described = (row: WorkspaceRow): Workspace => ({
  ...placeOf(row),
  created_at: isoTime(row.created_at),
});

function unregistered(): Refusal {
  const fault = {
    pointer: "/workspace",
    expected: "the id or the path of one of your workspaces",
    got: "another one",
    fix: "register the folder with `mainstay workspace add`, or leave it out for your own folder",
  };
  return new Refusal("not_found", `You have no such workspace; ${fault.fix}.`, { errors: [fault] });
}

const notYours = (): Refusal =>
  new Refusal("forbidden", "This workspace is another person's; name one of your own.");
