import { realpath, rmdir } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { NewWorkspace, Workspace } from "@mainstay/sdk/resources";
import { Refusal } from "../kernel/errors.ts";
import { isoTime } from "../kernel/time.ts";
import type { TurnWorkspace, WorkspaceRoot } from "../kernel/workspace.ts";
import type { Person } from "./authentication.ts";
import { createFolderProofs } from "./folder-proof.ts";
import { checkFolder } from "./folder-rules.ts";
import { withFolder } from "./folder.ts";
import { isUnmoved, privateFolder } from "./private-folder.ts";
import {
  createWorkspaceRows,
  type Owner,
  type WorkspaceRow,
  type WorkspaceRowsParts,
} from "./workspace-rows.ts";

export interface Workspaces {
  /** The person's workspaces, the oldest first. */
  list(person: Person): Promise<Workspace[]>;
  /**
   * Registers a folder of this host. The same folder again is the same workspace; its trust changes
   * only where `trust` is sent, and what changes needs a proof. Another folder at a known path takes
   * the place of the one before, without its trust and without any consent that was given there.
   * What runs on trust that is taken back, or in the folder before, goes on to its end or its stop.
   *
   * @throws Refusal `workspace_refused`, `workspace_unproven`
   */
  register(person: Person, wish: NewWorkspace): Promise<Workspace>;
  /**
   * The workspace of an id or a registered path; without one the person's own, made on demand.
   *
   * @throws Refusal `not_found`; `forbidden` for another person's
   */
  resolve(person: Owner, id_or_path: string | undefined): Promise<TurnWorkspace>;
  /** Where the person's workspaces lie, the oldest first. */
  pathsOf(person: Owner): Promise<string[]>;
  /** Hears when trust in a folder, or the folder itself, was taken away, before that is answered. */
  onTightened(listener: () => void): void;
}

export interface WorkspacesParts extends WorkspaceRowsParts {
  readonly home: string;
  /** The server's own user. */
  readonly uid: number;
  /** Home folders of this host as of now, free of symbolic links. */
  localHomes(): Promise<readonly string[]>;
}

export function createWorkspaces(parts: WorkspacesParts): Workspaces {
  const rows = createWorkspaceRows(parts);
  const proofs = createFolderProofs(parts.clock, parts.uid);
  const listeners = new Set<() => void>();

  const register = (person: Person, wish: NewWorkspace): Promise<Workspace> =>
    withFolder(wish.path, async (folder, fd_path) => {
      const home = await realpath(parts.home);
      checkFolder(person, folder, { home, local_homes: await parts.localHomes() });
      const known = await rows.at(person, folder.path);
      const same = known !== undefined && isSame(known, folder) ? known : undefined;
      const trusted = Number(wish.trust ?? same?.trusted ?? 0);
      if (same?.trusted === trusted) return described(same);
      await proofs.check(person.id, folder, fd_path, wish.proof);
      if (known === undefined) return described(await rows.add(person, folder, trusted));
      const row = same
        ? await rows.change(same, folder, trusted)
        : await rows.replace(known, folder, trusted);
      for (const listener of listeners) listener();
      return described(row);
    });

  async function resolve(person: Owner, id_or_path: string | undefined): Promise<TurnWorkspace> {
    const row = id_or_path === undefined ? await ownOf(person) : await named(person, id_or_path);
    return workspaceOf(row.is_private === 1 ? await renewed(row) : row);
  }

  /** The folder comes before its row: a crash between leaves it empty, and nothing refers to it. */
  async function ownOf(person: Owner): Promise<WorkspaceRow> {
    const known = await rows.privateOf(person);
    if (known !== undefined) return known;
    const id = parts.newId("ws");
    const folder = await privateFolder(parts.home, id);
    const row = await rows.addPrivate(person, id, folder);
    if (row.id !== id) await rmdir(folder.path);
    return row;
  }

  /** Only the server makes folders beside a private one: what is there now, restored or moved, is it. */
  async function renewed(row: WorkspaceRow): Promise<WorkspaceRow> {
    if (isUnmoved(parts.home, row)) return row;
    const folder = await privateFolder(parts.home, row.id);
    return isSame(row, folder) ? row : rows.change(row, folder, row.trusted);
  }

  async function named(person: Owner, id_or_path: string): Promise<WorkspaceRow> {
    const row = isAbsolute(id_or_path)
      ? await atPath(person, id_or_path)
      : await rows.byId(id_or_path);
    if (row === undefined) throw unregistered();
    if (row.person_id !== person.id) throw notYours();
    return row;
  }

  async function atPath(person: Owner, path: string): Promise<WorkspaceRow | undefined> {
    const real = await realpath(path).catch(() => path);
    return (
      (await rows.at(person, path)) ?? (await rows.at(person, real)) ?? (await rows.privateAt(real))
    );
  }

  return {
    list: async (person) => (await rows.listOf(person)).map(described),
    register,
    resolve,
    pathsOf: async (person) => (await rows.listOf(person)).map(({ path }) => path),
    onTightened: (listener) => void listeners.add(listener),
  };
}

const isSame = (one: WorkspaceRoot, other: WorkspaceRoot): boolean =>
  one.path === other.path && one.ino === other.ino && one.owner_uid === other.owner_uid;

const workspaceOf = ({ id, path, ino, owner_uid }: WorkspaceRow): TurnWorkspace => ({
  id,
  path,
  ino,
  owner_uid,
});

const described = ({ id, path, trusted, is_private, created_at }: WorkspaceRow): Workspace => ({
  id,
  path,
  private: is_private === 1,
  trusted: trusted === 1,
  created_at: isoTime(created_at),
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
