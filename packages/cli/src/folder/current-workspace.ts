import { realpath } from "node:fs/promises";
import type { Client } from "@mainstay/sdk/client";
import type { Config } from "../config.ts";
import { UsageFault } from "../faults.ts";
import { escapePath } from "../terminal/escape.ts";
import { workspaceAround } from "./choose-folder.ts";
import { sharesFolders } from "./place.ts";

/** The path of the registered folder that the person stands in. Throws a `UsageFault` where there is none. */
export async function currentWorkspace(client: Client, config: Config): Promise<string> {
  if (!sharesFolders(config))
    throw new UsageFault("MAINSTAY_URL is another machine; name a folder there: --workspace ID");
  const path = await realpath(config.folder());
  const { items } = await client.workspaces.list();
  const found = workspaceAround(items, path);
  if (found) return found.path;
  throw new UsageFault(
    `${escapePath(path)} lies in no folder that Mainstay may work in; see: mainstay workspace list`,
  );
}
