/**
 * The executor's own knowledge of which folder an id means. A ticket names the id only.
 *
 * 1. A registered folder is held open, so that its inode cannot be given to another folder.
 * 2. What is bound is what was registered: the path is compared before a run, and the gate compares
 *    again what the sandbox really sees (folder and pins).
 */
import fs from "node:fs";
import { ExecutorRefused } from "./errors.ts";
import type { WorkspaceRegistration } from "./protocol.ts";
import type { Pin } from "./sandbox/compose.ts";
import type { Stage, StagedFolder } from "./sandbox/stage.ts";
import { refusePath } from "./workspace-path.ts";

const WORKSPACE_LIMIT = 4096;

export interface Workspace extends StagedFolder {
  /** Device and inode as stat(1) prints them with `%d:%i`. */
  identity: string;
  /** Where bubblewrap finds it. */
  source: string;
}

export interface Workspaces {
  /** Idempotent; a folder that was replaced on disk is taken anew. Throws `ExecutorRefused`. */
  register(registration: WorkspaceRegistration): Promise<void>;
  find(id: string): Workspace | null;
  close(): void;
}

export function openWorkspaces(home: string, stage: () => Promise<Stage>): Workspaces {
  const known = new Map<string, Workspace>();
  let last: Promise<void> = Promise.resolve();

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
      known.set(folder.id, { ...folder, source: await on.attach(folder) });
    } catch (error) {
      fs.closeSync(folder.descriptor);
      if (error instanceof ExecutorRefused) throw error;
      throw new ExecutorRefused("not_stageable", `${folder.path}: ${(error as Error).message}`);
    }
  }

  async function release(held: Workspace, on: Stage): Promise<void> {
    known.delete(held.id);
    fs.closeSync(held.descriptor);
    await on.detach(held);
  }

  return {
    register(registration) {
      const taken = last.then(() => take(registration));
      last = taken.catch(() => {}); // one at a time; a refusal is its own caller's
      return taken;
    },
    find: (id) => known.get(id) ?? null,
    close() {
      for (const { descriptor } of known.values()) fs.closeSync(descriptor);
      known.clear();
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
  return same && whyChanged(held) === null;
}

/** Says what is no longer as registered, or null. */
export function whyChanged({ path, identity, owner }: Workspace): string | null {
  const found = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return `${path} is gone`;
  if (identityOf(found) !== identity) return `${path} is another folder than was registered`;
  if (Number(found.uid) === owner.uid && Number(found.gid) === owner.gid) return null;
  return `${path} has another owner than when it was registered`;
}

function openFolder({ id, path, person_uid_number }: WorkspaceRegistration, home: string) {
  const refused = refusePath(path, home);
  if (refused !== null) throw new ExecutorRefused(refused.code, refused.why);
  try {
    const real = fs.realpathSync(path);
    if (real !== path) throw new ExecutorRefused("not_canonical", `${path} is really ${real}`);
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
    const descriptor = fs.openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const found = fs.fstatSync(descriptor, { bigint: true });
    const owner = { uid: Number(found.uid), gid: Number(found.gid) };
    return { id, path, person_uid_number, descriptor, owner, identity: identityOf(found) };
  } catch (error) {
    if (error instanceof ExecutorRefused) throw error;
    throw new ExecutorRefused("no_folder", (error as Error).message);
  }
}

function identityOf({ dev, ino }: fs.BigIntStats): string {
  return `${dev}:${ino}`;
}

/**
 * What of `.git` must not be moved or rewritten. Looked up by descriptor, so that a link planted
 * meanwhile is not followed; a swap after this is caught at the gate.
 */
export function findPins({ descriptor }: Workspace): Pin[] {
  const git = below(descriptor, ".git");
  if (git === null) return [];
  if (!git.isDirectory()) return [pin(".git", git, "read_only")];
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  const inside = fs.openSync(
    `/proc/self/fd/${descriptor}/.git`,
    O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
  );
  try {
    const pins = [pin(".git", fs.fstatSync(inside, { bigint: true }), "read_write")];
    for (const name of ["config", "hooks"]) {
      const found = below(inside, name);
      if (found !== null) pins.push(pin(`.git/${name}`, found, "read_only"));
    }
    return pins;
  } finally {
    fs.closeSync(inside);
  }
}

/** Null for what is absent, and for links: there is nothing of the workspace's own to pin. */
function below(descriptor: number, name: string): fs.BigIntStats | null {
  const path = `/proc/self/fd/${descriptor}/${name}`;
  const found = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined || found.isSymbolicLink() ? null : found;
}

function pin(path: string, found: fs.BigIntStats, access: Pin["access"]): Pin {
  return { path, identity: identityOf(found), access };
}
