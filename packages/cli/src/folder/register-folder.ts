import { constants } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError, ProtocolError } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { Workspace } from "@mainstay/sdk/resources";
import { Interrupted, type Interrupts } from "../terminal/interrupts.ts";

/**
 * Registers a folder of this machine. The server asks for proof that it is the caller's: a new
 * empty file of a name that the server picks. The file is removed whatever happens, Ctrl-C included.
 * Without `trust` a folder that is registered keeps the trust that it has.
 */
export async function registerFolder(
  { client, interrupts }: { client: Client; interrupts: Interrupts },
  path: string,
  trust: boolean | undefined,
): Promise<Workspace> {
  const request = { path, ...(trust !== undefined && { trust }) };
  const asked = await client.workspaces.add(request).catch(proofOf);
  if (!("file" in asked)) return asked;

  let interrupted = false;
  const stop = interrupts.listen(() => (interrupted = true));
  const workspace = await withEmptyFile(join(path, asked.file), () =>
    client.workspaces.add({ ...request, proof: asked.file }),
  ).finally(stop);
  if (interrupted) throw new Interrupted();
  return workspace;
}

/** The file that the server wants to see. Throws `fault` where it is about something else. */
function proofOf(fault: unknown): { file: string } {
  const proof = fault instanceof ProblemError ? fault.problem.proof : undefined;
  if (!proof) throw fault;
  if (!/^[\w.-]{1,200}$/.test(proof.file) || /^\.+$/.test(proof.file))
    throw new ProtocolError("the server asked for a proof file outside the folder", {
      cause: fault,
    });
  return proof;
}

/** Makes the file, which must not exist, for as long as `use` takes. */
async function withEmptyFile<T>(path: string, use: () => Promise<T>): Promise<T> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600).catch(
    (cause: Error) => {
      throw new Error(`cannot prove that the folder is yours: ${cause.message}`, { cause });
    },
  );
  try {
    await file.close();
    return await use();
  } finally {
    await unlink(path);
  }
}
