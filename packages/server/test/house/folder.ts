import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import type { Workspace } from "@mainstay/sdk/resources";
import { ProblemError } from "@mainstay/sdk/call";

/** Registers a folder as the CLI does: by a proof file that only somebody who owns it can make. */
export async function registerFolder(
  client: Client,
  path: string,
  trust: boolean,
): Promise<Workspace> {
  const proof = await client.workspaces.add({ path, trust }).then(
    () => Promise.reject(new Error("no proof was asked for")),
    (fault: unknown) => {
      if (fault instanceof ProblemError && fault.problem.proof) return fault.problem.proof.file;
      throw fault;
    },
  );
  await writeFile(join(path, proof), "", { flag: "wx" });
  try {
    return await client.workspaces.add({ path, trust, proof });
  } finally {
    await rm(join(path, proof));
  }
}
