import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import type { Clock } from "@mainstay/sdk/clock";
import { Refusal } from "../kernel/errors.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";

const LIFE_S = 120;
const NAME_BYTES = 16;
/** The kernel stamps files with a coarser clock than the one that is asked here. */
const STAMP_MARGIN_MS = 1_000;
/** Open challenges of one person; past it the oldest is void. */
const OPEN_CHALLENGES = 8;

interface Challenge {
  readonly path: string;
  /** Wall time in milliseconds, to compare with the file's. */
  readonly asked_at: number;
  readonly until: number;
}

/**
 * Proofs that who asks can write into a folder as its owner: the server names a file, the client
 * creates it there and asks again. A name is good for one try, one person, one folder and two minutes.
 */
export function createFolderProofs(clock: Clock, server_uid: number) {
  const open = new Map<string, Map<string, Challenge>>();

  /** The challenge, which is void from now on; null where it is unknown, old or for another folder. */
  function take(person_id: string, file: string, path: string): Challenge | null {
    const own = open.get(person_id);
    const challenge = own?.get(file);
    own?.delete(file);
    const isGood = challenge?.path === path && clock.monotonic() < challenge.until;
    return isGood ? challenge : null;
  }

  function demand(person_id: string, path: string, why: string): Refusal {
    const file = `.mainstay-proof-${randomBytes(NAME_BYTES).toString("hex")}`;
    const own = open.get(person_id) ?? new Map<string, Challenge>();
    open.set(person_id, own);
    own.set(file, { path, asked_at: clock.now(), until: clock.monotonic() + LIFE_S * 1_000 });
    if (own.size > OPEN_CHALLENGES) own.delete(own.keys().next().value ?? file);
    const detail = `${why}; create the empty file ${file} in the folder, ask again with \`proof\` set to its name, then remove it.`;
    return new Refusal("workspace_unproven", detail, { proof: { file, expires_in_s: LIFE_S } });
  }

  /**
   * @param fd_path the folder through its descriptor
   * @throws Refusal `workspace_unproven` with a fresh challenge
   */
  async function check(
    person_id: string,
    folder: WorkspaceRoot,
    fd_path: string,
    proof: string | undefined,
  ): Promise<void> {
    if (proof === undefined) {
      throw demand(person_id, folder.path, "Prove that the folder is yours");
    }
    const challenge = take(person_id, proof, folder.path);
    if (challenge === null) {
      throw demand(person_id, folder.path, "This proof is not known, was used, or is too old");
    }
    const found = await lstat(`${fd_path}/${proof}`).catch(() => null);
    const owners = [folder.owner_uid, server_uid];
    if (found !== null && isFresh(found, challenge) && owners.includes(found.uid)) return;
    const why = "The file is not there, not new and empty, or not the folder owner's own";
    throw demand(person_id, folder.path, why);
  }

  return { check };
}

/**
 * Made for this challenge. Who may only rename in the folder can give the name to a file that its
 * owner made before, or a second name; neither shows that the owner is who asks.
 */
function isFresh(file: Stats, { asked_at }: Challenge): boolean {
  if (!file.isFile() || file.nlink !== 1 || file.size !== 0) return false;
  // Where the file system keeps no birth time it reads 0.
  const made_at = file.birthtimeMs || file.mtimeMs;
  return made_at >= asked_at - STAMP_MARGIN_MS;
}
