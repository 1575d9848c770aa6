/**
 * The executor's own knowledge of which folder an id means, as a workspace or as what a plan opens for
 * one command. A ticket names the id only.
 *
 * 1. A registered folder is held open, so that its inode cannot be given to another folder.
 * 2. The folder is opened first and judged by its descriptor: inode and owner must be those that the
 *    server registered, and the descriptor must say the registered path. A parent that is renamed or
 *    becomes a link meanwhile leads to a refusal, never to another folder.
 * 3. What is bound is what was registered: the path is compared before a run, and the gate compares
 *    again what the sandbox really sees (folder and pins).
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
} from "node:fs";
import { ExecutorRefused } from "./errors.ts";
import type { WorkspaceRegistration } from "./protocol.ts";
import type { Stage, StagedFolder } from "./sandbox/stage.ts";
import { refusePath } from "./workspace-path.ts";

const WORKSPACE_LIMIT = 4096;
const FOLDER_ITSELF = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export interface Workspace extends StagedFolder {
  /** Device and inode as stat(1) prints them with `%d:%i`. */
  identity: string;
}

export interface Workspaces {
  /** Idempotent; a folder that was replaced on disk is taken anew. Throws `ExecutorRefused`. */
  register(registration: WorkspaceRegistration): Promise<void>;
  find(id: string): Workspace | null;
  /** A folder that plans may open to be read. Throws `ExecutorRefused`. */
  registerOpening(registration: WorkspaceRegistration): void;
  findOpening(id: string): Workspace | null;
  close(): void;
}

export function openWorkspaces(home: string, stage: () => Promise<Stage>): Workspaces {
  const known = new Map<string, Workspace>();
  const openings = new Map<string, Workspace>();
  let last: Promise<void> = Promise.resolve();

  function registerOpening(registration: WorkspaceRegistration): void {
    const held = openings.get(registration.id);
    if (held !== undefined && isSame(held, registration)) return;
    if (held === undefined && openings.size >= WORKSPACE_LIMIT)
      throw new ExecutorRefused("too_many", `more than ${WORKSPACE_LIMIT} openings`);
    const folder = openFolder(registration, home);
    if (held !== undefined) closeSync(held.descriptor);
    openings.set(folder.id, folder);
  }

  async function take(registration: WorkspaceRegistration): Promise<void> {
    const held = known.get(registration.id);
    if (held !== undefined && isSame(held, registration)) return;
    if (held === undefined && known.size >= WORKSPACE_LIMIT) {
      throw new ExecutorRefused("too_many", `more than ${WORKSPACE_LIMIT} workspaces`);
    }
    const folder = openFolder(registration, home);
    try {
      const on = await unstaged(stage);
      if (held !== undefined) await release(held, on);
      await on.makeReady(folder);
      known.set(folder.id, folder);
    } catch (error) {
      closeSync(folder.descriptor);
      if (error instanceof ExecutorRefused) throw error;
      throw new ExecutorRefused("not_stageable", `${folder.path}: ${(error as Error).message}`);
    }
  }

  async function release(held: Workspace, on: Stage): Promise<void> {
    known.delete(held.id);
    closeSync(held.descriptor);
    await on.release(held);
  }

  return {
    register(registration) {
      const taken = last.then(() => take(registration));
      last = taken.catch(() => {}); // one at a time; a refusal is its own caller's
      return taken;
    },
    find: (id) => known.get(id) ?? null,
    registerOpening,
    findOpening: (id) => openings.get(id) ?? null,
    close() {
      for (const folders of [known, openings]) {
        for (const { descriptor } of folders.values()) closeSync(descriptor);
        folders.clear();
      }
    },
  };
}

async function unstaged(stage: () => Promise<Stage>): Promise<Stage> {
  try {
    return await stage();
  } catch (error) {
    throw new ExecutorRefused("sandbox_unavailable", (error as Error).message);
  }
}

function isSame(held: Workspace, asked: WorkspaceRegistration): boolean {
  const same = held.path === asked.path && held.person_uid_number === asked.person_uid_number;
  return same && whyOther(held, asked) === null && whyChanged(held) === null;
}

/** Says what is no longer as registered, or null. */
export function whyChanged({ path, identity, owner }: Workspace): string | null {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return `${path} is gone`;
  if (identityOf(found) !== identity) return `${path} is another folder than was registered`;
  if (Number(found.uid) === owner.uid && Number(found.gid) === owner.gid) return null;
  return `${path} has another owner than when it was registered`;
}

/** Invariant 2. */
function openFolder(asked: WorkspaceRegistration, home: string): Workspace {
  const { id, path, person_uid_number } = asked;
  const refused = refusePath(path, home);
  if (refused !== null) throw new ExecutorRefused(refused.code, refused.why);
  const descriptor = openOrRefuse(path);
  const found = fstatSync(descriptor, { bigint: true });
  const owner = { uid: Number(found.uid), gid: Number(found.gid) };
  const opened = { id, path, person_uid_number, descriptor, owner, identity: identityOf(found) };
  const real = readlinkSync(`/proc/self/fd/${descriptor}`);
  const why = real === path ? whyOther(opened, asked) : `${path} is really ${real}`;
  if (why === null) return opened;
  closeSync(descriptor);
  throw new ExecutorRefused("workspace_changed", why);
}

function openOrRefuse(path: string): number {
  try {
    return openSync(path, FOLDER_ITSELF);
  } catch (error) {
    throw new ExecutorRefused("no_folder", (error as Error).message);
  }
}

/** Says in what an open folder is not the one that was registered, or null. */
function whyOther(
  { path, identity, owner }: Workspace,
  { ino, owner_uid }: WorkspaceRegistration,
): string | null {
  if (!identity.endsWith(`:${ino}`)) return `${path} is another folder than was registered`;
  if (owner.uid === owner_uid) return null;
  return `${path} has another owner than when it was registered`;
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
