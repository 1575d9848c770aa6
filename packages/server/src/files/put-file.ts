import { constants } from "node:fs";
import { mkdir, open, rename, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { atPlace, beneath, openFolder, withRegular } from "./beneath.ts";
import type { Place, Root } from "./beneath.ts";
import { readUpTo, sha256Of, sha256OfFile } from "./content.ts";
import { demandOn, entriesOf } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { FileRefused, isErrno, refusalOf } from "./refused.ts";
import { demand } from "./rights.ts";

/**
 * Puts new content in a file's place.
 *
 * P1 The name always has the old bytes or the new ones, whole: they are written beside it, synced,
 *    read back, and renamed over it.
 * P2 What somebody else wrote since the plan is not overwritten: the hash is compared as late as
 *    can be, between the temporary file and the rename.
 * P3 A failure before the rename leaves the file untouched and no temporary file behind; after a
 *    crash `sweepTemp` removes it, for its name is made of the edit's.
 * P4 Mode and owner stay. What is new, and only that, is given to the workspace's owner.
 * P5 The workspace's owner may write in the folder, and to a file that is there.
 */
export interface Put {
  readonly edit_id: string;
  readonly path: string;
  /** Null when no file may be there. */
  readonly before_sha256: string | null;
  readonly after_sha256: string;
  readonly content: Buffer;
}

/** @throws FileRefused; its message says that the file is untouched, or that it is not durable. */
export async function putFile(root: Root, put: Put): Promise<void> {
  try {
    await atPlace(root, put.path, "write", makeFolders);
    await atPlace(root, put.path, "write", (place) => replace(place, put));
  } catch (fault) {
    throw untouched(put, refusalOf(put.path, fault));
  }
}

/** Removes what a crash in the middle of `edit_id` left beside the file. */
export async function sweepTemp(root: Root, path: string, edit_id: string): Promise<void> {
  await atPlace(root, path, "write", async ({ folder, missing }) => {
    if (missing.length === 0) await unlinkIfPresent(beneath(folder, tempName(edit_id)));
  });
}

const tempName = (edit_id: string): string => `.${edit_id}.tmp`;

const TEMP = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Nobody else reads it before it has the mode of the file that it replaces. */
const PRIVATE = 0o600;
const NEW_FILE = 0o666;
/** Set-user-id bits go, as the kernel does on a write: they vouched for the old content. */
const PERMISSIONS = 0o777;

async function makeFolders({ workspace, folder, missing }: Place): Promise<void> {
  const way: Folder[] = [];
  try {
    for (const name of missing) {
      const above = way.at(-1) ?? folder;
      way.push(await makeFolder(above, name, workspace));
      await above.handle.sync();
    }
  } finally {
    await Promise.all(way.map(({ handle }) => handle.close()));
  }
}

/** The folder of that name, made unless somebody else has meanwhile. */
async function makeFolder(above: Folder, name: string, workspace: Folder): Promise<Folder> {
  await demandOn(above, "write");
  if (!(await mkdirIfAbsent(beneath(above, name)))) return openFolder(above, name);
  // Not bound by the owner's rights before it is theirs.
  const made = await openFolder({ ...above, rights: null }, name);
  try {
    await refuseFilled(made, name);
    await giveNew(made.handle, workspace);
    return { ...made, rights: above.rights };
  } catch (fault) {
    await made.handle.close();
    throw fault;
  }
}

/** Made a moment ago it is empty; what is not was put in its place, and is nobody's to give. */
async function refuseFilled(made: Folder, name: string): Promise<void> {
  const { entries } = await entriesOf(made, 1);
  if (entries.length === 0) return;
  throw new FileRefused("conflict", `${JSON.stringify(name)} was replaced while it was made`);
}

async function replace(place: Place, put: Put): Promise<void> {
  const { folder, name } = place;
  await demandOn(folder, "write");
  const temp = beneath(folder, tempName(put.edit_id));
  try {
    await writeTemp(temp, place, put);
    await refuseConflict(folder, put, name);
    await rename(temp, beneath(folder, name));
  } catch (fault) {
    await unlinkIfPresent(temp);
    throw fault;
  }
  await confirm(folder, put);
}

async function writeTemp(temp: string, place: Place, put: Put): Promise<void> {
  const file = await open(temp, TEMP, put.before_sha256 === null ? NEW_FILE : PRIVATE);
  try {
    await file.writeFile(put.content);
    if (put.before_sha256 === null) await giveNew(file, place.workspace);
    else await withRegular(place.folder, place.name, (old) => likeOld(file, old, place));
    await file.sync();
    await compare(file, put);
  } finally {
    await file.close();
  }
}

async function likeOld(file: FileHandle, old: FileHandle, { folder, name }: Place): Promise<void> {
  const [has, wanted] = await Promise.all([file.stat(), old.stat()]);
  demand("write", name, wanted, folder.rights);
  if (has.uid !== wanted.uid || has.gid !== wanted.gid) await file.chown(wanted.uid, wanted.gid);
  await file.chmod(wanted.mode & PERMISSIONS);
}

/** Only root can give files away; for anybody else what they make stays theirs. */
async function giveNew(made: FileHandle, workspace: Folder): Promise<void> {
  const [has, wanted] = await Promise.all([made.stat(), workspace.handle.stat()]);
  if (has.uid === wanted.uid && has.gid === wanted.gid) return;
  try {
    await made.chown(wanted.uid, wanted.gid);
  } catch (fault) {
    if (!isErrno(fault) || fault.code !== "EPERM") throw fault;
  }
}

async function compare(file: FileHandle, { content, path }: Put): Promise<void> {
  const written = await readUpTo(file, content.length + 1);
  if (written.equals(content)) return;
  throw new FileRefused(
    "disk_fault",
    `${JSON.stringify(path)}: the disk gave back ${sha256Of(written)} for ${sha256Of(content)}`,
  );
}

async function refuseConflict(folder: Folder, put: Put, name: string): Promise<void> {
  const found = await withRegular(folder, name, sha256OfFile);
  if (found === put.before_sha256) return;
  throw new FileRefused(
    "conflict",
    `${JSON.stringify(put.path)} was changed meanwhile by somebody else: expected ` +
      `${put.before_sha256 ?? "no file"}, found ${found ?? "no file"}; read it again`,
  );
}

async function confirm({ handle }: Folder, { path }: Put): Promise<void> {
  try {
    await handle.sync();
  } catch (cause) {
    throw new FileRefused(
      "not_durable",
      `${JSON.stringify(path)} has its new content, but the disk did not confirm it`,
      { cause },
    );
  }
}

function untouched({ path, before_sha256 }: Put, fault: unknown): unknown {
  if (!(fault instanceof FileRefused) || fault.fault === "not_durable") return fault;
  const what = before_sha256 === null ? "was not created" : "is untouched";
  return new FileRefused(fault.fault, `${fault.message}. ${path} ${what}.`, { cause: fault });
}

/** Whether it was made; false when something of that name is there. */
async function mkdirIfAbsent(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (fault) {
    if (!isErrno(fault) || fault.code !== "EEXIST") throw fault;
    return false;
  }
}

async function unlinkIfPresent(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (fault) {
    if (!isErrno(fault) || fault.code !== "ENOENT") throw fault;
  }
}
